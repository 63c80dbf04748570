/** Sends one request on an open connection and reads the response to it. It never rejects. */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { ReceiverFailure } from './classify-response.ts';
import type { Connection } from './connections.ts';
import { createResponseReader, type ReaderLimits } from './response-reader.ts';

export interface Exchange {
  /** Absent when no complete head of a final response arrived; `failure` then says why. */
  status?: number;
  retryAfter?: string;
  /** The start of the body. */
  body: Buffer;
  /** The response has a status, but its body did not end as its headers say, or not in time. */
  brokenBody: boolean;
  /** For how long the connection may be kept; 0 when it must be closed. */
  keepMs: number;
  failure?: unknown;
}

/** Below the 5 s after which common servers close, so that a kept connection is rarely one that is just closing. */
const KEEP_ALIVE_MS = 4_000;
/** Taken off the time that the receiver announces: its clock started earlier than ours. */
const KEEP_ALIVE_MARGIN_MS = 1_000;

/** @throws TypeError for a header that cannot be sent. */
export function requestBytes(url: URL, headers: Readonly<Record<string, string>>, body: Buffer): Buffer {
  const lines = [`POST ${url.pathname}${url.search} HTTP/1.1`, `host: ${url.host}`, 'connection: keep-alive'];
  for (const [name, value] of Object.entries(headers)) {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    lines.push(`${name}: ${value}`);
  }
  lines.push(`content-length: ${body.length}`, '', '');
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), body]);
}

export function exchange(
  connection: Connection,
  request: Buffer,
  limits: ReaderLimits,
  signal: AbortSignal,
): Promise<Exchange> {
  const { socket } = connection;
  const reader = createResponseReader(limits);
  const { promise, resolve } = Promise.withResolvers<Exchange>();

  function finish(failure: unknown): void {
    connection.listener = undefined;
    signal.removeEventListener('abort', abort);
    const { head, kept, state } = reader;
    const isWritten = socket.writableLength === 0;
    resolve({
      body: kept,
      brokenBody: head !== undefined && state !== 'complete' && state !== 'cut',
      keepMs: reader.reusable && isWritten ? keepMsOf(head?.keepAliveS) : 0,
      ...(head ? { status: head.status } : { failure }),
      ...(head?.retryAfter !== undefined && { retryAfter: head.retryAfter }),
    });
  }
  function follow(state: string): void {
    if (state === 'head' || state === 'body') return;
    finish(new ReceiverFailure('headers', { cause: new Error('webhook_response_not_http') }));
  }
  const abort = () => finish(signal.reason);

  connection.listener = {
    data: (bytes) => follow(reader.push(bytes)),
    end: () => follow(reader.end()),
    failed: (error) => finish(new ReceiverFailure('headers', { cause: error })),
  };
  if (signal.aborted) abort();
  else {
    signal.addEventListener('abort', abort, { once: true });
    socket.write(request);
  }
  return promise;
}

function keepMsOf(announcedS: number | undefined): number {
  if (announcedS === undefined) return KEEP_ALIVE_MS;
  return Math.min(KEEP_ALIVE_MS, announcedS * 1000 - KEEP_ALIVE_MARGIN_MS);
}
