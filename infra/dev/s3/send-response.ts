// Sends responses, complete or broken as the fault rules say. It decides nothing.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FaultRule } from './faults.ts';
import type { ResponseBody, S3Response } from './operation.ts';
import { errorXml, type RequestIds } from './s3-error.ts';

const codeByStatus: Record<number, string> = {
  403: 'AccessDenied',
  404: 'NoSuchKey',
  412: 'PreconditionFailed',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'SlowDown',
};

export async function sendResponse(response: ServerResponse, result: S3Response, headOnly: boolean): Promise<void> {
  const { status, headers, body } = result;
  response.writeHead(status, withLength(headers, body));
  if (headOnly || body === undefined) {
    await closeBody(body);
    response.end();
  } else if (typeof body === 'string' || Buffer.isBuffer(body)) response.end(body);
  else await stream(response, body);
}

/** Applies the faults that act on the response or after the operation. @returns whether the request has ended. */
export async function sendFaulty(
  faults: FaultRule[],
  result: S3Response | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  ids: RequestIds,
): Promise<boolean> {
  for (const fault of faults) {
    if (fault.kind === 'status') {
      await closeBody(result?.body);
      const code = fault.code ?? codeByStatus[fault.status] ?? 'InternalError';
      const body = request.method === 'HEAD' ? undefined : errorXml({ code, message: 'An injected fault.' }, ids);
      response.writeHead(fault.status, { 'content-type': 'application/xml' });
      response.end(body);
      return true;
    }
    if (fault.kind === 'cut') {
      await sendHalf(response, result);
      return true;
    }
    if (fault.kind === 'corrupt' && result && isRead(result)) {
      const bytes = await collect(result.body);
      if (bytes.length > 0) bytes[bytes.length >>> 1]! ^= 0x01;
      await sendResponse(response, { ...result, body: bytes }, false);
      return true;
    }
  }
  return false;
}

function isRead(result: S3Response): boolean {
  return result.body !== undefined && (result.status === 200 || result.status === 206);
}

async function sendHalf(response: ServerResponse, result: S3Response | undefined): Promise<void> {
  if (result && isRead(result)) {
    const bytes = await collect(result.body);
    response.writeHead(result.status, withLength(result.headers, bytes));
    const half = bytes.subarray(0, bytes.length >>> 1);
    await new Promise<void>((resolve) => response.write(half, () => resolve()));
  }
  response.destroy();
}

/** A copy, so that a fault never changes stored bytes. */
async function collect(body: ResponseBody | undefined): Promise<Buffer> {
  if (body === undefined) return Buffer.alloc(0);
  if (typeof body === 'string' || Buffer.isBuffer(body)) return Buffer.from(body as string);
  try {
    return Buffer.concat(await Array.fromAsync(body.chunks));
  } finally {
    await body.close();
  }
}

function withLength(headers: Record<string, string>, body: ResponseBody | undefined): Record<string, string> {
  if (headers['content-length'] !== undefined || body === undefined) return headers;
  const text = typeof body === 'string' || Buffer.isBuffer(body);
  return text ? { ...headers, 'content-length': String(Buffer.byteLength(body)) } : headers;
}

async function stream(response: ServerResponse, body: Exclude<ResponseBody, string | Buffer>): Promise<void> {
  try {
    await pipeline(Readable.from(body.chunks, { objectMode: false, highWaterMark: 512 * 1024 }), response);
  } finally {
    await body.close();
  }
}

async function closeBody(body: ResponseBody | undefined): Promise<void> {
  if (typeof body === 'object' && !Buffer.isBuffer(body)) await body.close();
}
