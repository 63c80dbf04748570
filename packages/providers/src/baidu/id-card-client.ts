/**
 * The HTTP exchange with the provider: one total deadline over connect, headers and body, a limited response, no
 * redirects, connections kept open. The token is in the query string, so the URL is a secret: it must never reach an
 * error, a log or a caller.
 */

import { type Clock, systemClock } from '@cardseal/base/clock';
import { egressConnector, noProxy, type ProxyFor } from '@cardseal/base/egress';
import { CardsealError, DefectError } from '@cardseal/base/errors';
import { type buildConnector, type Dispatcher, Pool } from 'undici';
import { classifyTransport } from './classify.ts';

export interface IdCardClientOptions {
  /** Scheme, host and port, for example `https://aip.baidubce.com`. */
  readonly baseUrl: string;
  /** Used instead of an own pool; never closed here. */
  readonly dispatcher?: Dispatcher;
  /** Upper bound of connections: rate × latency, with reserve. */
  readonly connections?: number;
  readonly deadlineMs?: number;
  /** Chooses the proxy to the provider; default: none. */
  readonly proxyFor?: ProxyFor;
  readonly maxResponseBytes?: number;
  readonly clock?: Clock;
}

interface UpstreamRequest {
  /** For example `/rest/2.0/ocr/v1/idcard_enc`. */
  readonly path: string;
  readonly token?: string;
  /** Form-encoded and complete: a Buffer is sent without another copy. */
  readonly body: Buffer;
  readonly signal?: AbortSignal;
}

export interface UpstreamResponse {
  readonly status: number;
  readonly contentType: string;
  readonly bytes: Buffer;
  readonly latencyMs: number;
}

export interface IdCardClient {
  /** @throws TransientError `upstream_timeout`, `upstream_connection`, `upstream_unreachable`, `upstream_reply_too_large`;
   *  the signal's own reason when the caller aborts. */
  send(request: UpstreamRequest): Promise<UpstreamResponse>;
  stop(): Promise<void>;
}

/** Idle connections end before the usual minute of a provider's front end, and before a NAT drops them. */
const KEEP_ALIVE_MS = 15_000;

export function createIdCardClient(options: IdCardClientOptions): IdCardClient {
  const { deadlineMs = 10_000, maxResponseBytes = 8 * 1024 * 1024, clock = systemClock } = options;
  const origin = originOf(options.baseUrl);
  const connect = egressConnector(options.proxyFor ?? noProxy, deadlineMs);
  const pool = options.dispatcher ? undefined : newPool(origin, options.connections ?? 256, connect);
  const dispatcher = options.dispatcher ?? pool!;
  return {
    async send({ path, token, body, signal }) {
      signal?.throwIfAborted();
      const startedMs = clock.now();
      const deadline = AbortSignal.timeout(deadlineMs);
      try {
        const response = await dispatcher.request({
          origin,
          path: token === undefined ? path : `${path}?access_token=${encodeURIComponent(token)}`,
          method: 'POST',
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            'content-length': String(body.length),
            accept: 'application/json',
          },
          body,
          signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
        });
        const contentType = String(response.headers['content-type'] ?? '');
        const bytes = await readBounded(response.body, maxResponseBytes);
        return { status: response.statusCode, contentType, bytes, latencyMs: clock.now() - startedMs };
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        throw classifyFailure(error, deadline.aborted, clock.now() - startedMs);
      }
    },
    async stop() {
      await pool?.destroy();
    },
  };
}

function newPool(origin: string, connections: number, connect: buildConnector.connector): Pool {
  // Only the total deadline counts: undici's own timers apply per phase or per pause, and a slow trickle passes them
  // forever.
  return new Pool(origin, {
    connections,
    connect: markingConnector(connect),
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

function originOf(baseUrl: string): string {
  const url = URL.parse(baseUrl);
  if (!url || !/^https?:$/.test(url.protocol)) throw new DefectError('upstream_base_url_invalid');
  return url.origin;
}

async function readBounded(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of body) {
    sizeBytes += piece.length;
    if (sizeBytes > maxBytes) throw classifyTransport('too_large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces, sizeBytes);
}

/** Errors of connecting, the TLS handshake included: nothing was sent, so nothing was billed. */
const neverConnected = new WeakSet<Error>();

/**
 * The stage decides what an error means. A list of codes cannot: Node gives several TLS failures the code
 * `UNSPECIFIED`.
 */
function markingConnector(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...result) => {
      if (result[0]) neverConnected.add(result[0]);
      callback(...result);
    });
}

function classifyFailure(error: unknown, timedOut: boolean, latencyMs: number): CardsealError {
  if (error instanceof CardsealError) return error;
  if (timedOut) return classifyTransport('timeout', { latencyMs });
  const code = String((error as { code?: unknown } | null)?.code ?? '');
  const kind = error instanceof Error && neverConnected.has(error) ? 'unreachable' : 'connection';
  return classifyTransport(kind, { latencyMs, ...(/^[A-Z0-9_]{2,60}$/.test(code) ? { errno: code } : {}) }, error);
}
