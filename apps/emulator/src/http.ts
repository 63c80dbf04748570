// Helpers for requests and responses that every route uses.
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The body is larger than the route accepts. */
export class BodyTooLarge extends Error {}
/** The client closed the connection before its body was complete. */
export class ClientGone extends Error {}

/** Reads a whole body. Throws BodyTooLarge or ClientGone. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    request.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes <= maxBytes) chunks.push(chunk);
      else reject(new BodyTooLarge('the body is too large'));
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('close', () => reject(new ClientGone('the client left')));
    request.on('error', () => reject(new ClientGone('the client left')));
  });
}

/** Reads a body and discards it, so that the client can reuse the connection. */
export function skipBody(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    request.on('end', resolve);
    request.on('close', resolve);
    request.on('error', () => resolve());
    request.resume();
  });
}

export function sendText(response: ServerResponse, status: number, contentType: string, body: string | Buffer): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  sendText(response, status, 'application/json;charset=utf-8', JSON.stringify(value));
}

/** Resolves with true after the delay, or with false as soon as the signal aborts. */
export function pause(delayMs: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  if (delayMs <= 0) return Promise.resolve(true);
  return new Promise((resolve) => {
    const onAbort = () => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve(true);
    }, delayMs);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
