// Puts replies on the wire, whole or broken as the faults say. It decides nothing.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FaultRule } from './faults.ts';
import type { Reply, ReplyBody } from './operation.ts';
import { errorXml, type RequestIds } from './s3-error.ts';

const codeByStatus: Record<number, string> = {
  403: 'AccessDenied',
  404: 'NoSuchKey',
  412: 'PreconditionFailed',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'SlowDown',
};

export async function sendReply(response: ServerResponse, reply: Reply, headOnly: boolean): Promise<void> {
  const { status, headers, body } = reply;
  response.writeHead(status, withLength(headers, body));
  if (headOnly || body === undefined) {
    await closeBody(body);
    response.end();
  } else if (typeof body === 'string' || Buffer.isBuffer(body)) response.end(body);
  else await stream(response, body);
}

/** Faults that come with or after the work. @returns whether an answer (or none) has been given. */
export async function answerBroken(
  faults: FaultRule[],
  reply: Reply | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  ids: RequestIds,
): Promise<boolean> {
  for (const fault of faults) {
    if (fault.kind === 'status') {
      await closeBody(reply?.body);
      const code = fault.code ?? codeByStatus[fault.status] ?? 'InternalError';
      const body =
        request.method === 'HEAD' ? undefined : errorXml({ code, message: 'A fault that was asked for.' }, ids);
      response.writeHead(fault.status, { 'content-type': 'application/xml' });
      response.end(body);
      return true;
    }
    if (fault.kind === 'cut') {
      await sendHalf(response, reply);
      return true;
    }
    if (fault.kind === 'corrupt' && reply && isRead(reply)) {
      const bytes = await collect(reply.body);
      if (bytes.length > 0) bytes[bytes.length >>> 1]! ^= 0x01;
      await sendReply(response, { ...reply, body: bytes }, false);
      return true;
    }
  }
  return false;
}

function isRead(reply: Reply): boolean {
  return reply.body !== undefined && (reply.status === 200 || reply.status === 206);
}

async function sendHalf(response: ServerResponse, reply: Reply | undefined): Promise<void> {
  if (reply && isRead(reply)) {
    const bytes = await collect(reply.body);
    response.writeHead(reply.status, withLength(reply.headers, bytes));
    const half = bytes.subarray(0, bytes.length >>> 1);
    await new Promise<void>((resolve) => response.write(half, () => resolve()));
  }
  response.destroy();
}

/** A copy, so that nothing stored is ever touched. */
async function collect(body: ReplyBody | undefined): Promise<Buffer> {
  if (body === undefined) return Buffer.alloc(0);
  if (typeof body === 'string' || Buffer.isBuffer(body)) return Buffer.from(body as string);
  try {
    return Buffer.concat(await Array.fromAsync(body.chunks));
  } finally {
    await body.close();
  }
}

function withLength(headers: Record<string, string>, body: ReplyBody | undefined): Record<string, string> {
  if (headers['content-length'] !== undefined || body === undefined) return headers;
  const text = typeof body === 'string' || Buffer.isBuffer(body);
  return text ? { ...headers, 'content-length': String(Buffer.byteLength(body)) } : headers;
}

async function stream(response: ServerResponse, body: Exclude<ReplyBody, string | Buffer>): Promise<void> {
  try {
    await pipeline(Readable.from(body.chunks, { objectMode: false, highWaterMark: 512 * 1024 }), response);
  } finally {
    await body.close();
  }
}

async function closeBody(body: ReplyBody | undefined): Promise<void> {
  if (typeof body === 'object' && !Buffer.isBuffer(body)) await body.close();
}
