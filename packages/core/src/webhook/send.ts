/**
 * Sends one signed webhook and says what came of it. Every failure of the receiver is a class in the answer; it
 * throws only for what is ours. It must never follow a redirect, never outlive its deadline, never read without end,
 * and never open a connection that the guard did not make.
 */
import type { Readable } from 'node:stream';
import { Pool } from 'undici';
import { CardsealError, DefectError, RejectedError, TransientError } from '../errors/index.ts';
import type { TargetGuard } from './guard.ts';
import { classifyAnswer, type DeliveryClass } from './outcome.ts';
import { parseRetryAfter } from './retry-after.ts';

export interface SendInput {
  url: string;
  /** The signature's headers and the endpoint's own; names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** The frozen bytes, sent as they are. */
  body: Buffer;
  /** For connect, headers and body together; 15 s unless given, 30 s at most. */
  deadlineMs?: number;
  /** Bytes read of an answer before it is cut off. */
  maxReadBytes?: number;
  /** Bytes kept of what was read. */
  keepBytes?: number;
  /** Shutdown: `send` rejects with the signal's reason, and nothing is known of the try. */
  signal?: AbortSignal;
}

export interface SendResult {
  class: DeliveryClass;
  /** Absent when no status line came. */
  status?: number;
  latencyMs: number;
  /** The start of the answer's body. Theirs, so possibly personal: seal it, never log it. */
  answer?: Buffer;
  /** On 429 and 503 that ask for it; at most 24 h. */
  retryAfterMs?: number;
}

export interface WebhookSender {
  /**
   * @throws DefectError `webhook_send_defect`, TransientError `webhook_sender_short` (no sockets, ports or memory
   * here), `webhook_sender_closed` or `webhook_resolver_unavailable`: none of them may spend a try of the consumer.
   */
  send(request: SendInput): Promise<SendResult>;
  /**
   * Drops every connection, at once and for good: running and later sends reject with TransientError
   * `webhook_sender_closed`. A connection just being opened ends by its own time-out, at most 10 s later.
   */
  close(): void;
}

export interface WebhookSenderOptions {
  guard: TargetGuard;
  /** Origins whose connections are kept; the one unused for longest goes first. */
  maxOrigins?: number;
  now?: () => number;
}

export const DEFAULT_DEADLINE_MS = 15_000;
export const MAX_DEADLINE_MS = 30_000;
const MAX_READ_BYTES = 16 * 1024;
const KEEP_BYTES = 4 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;
/** Below the 5 s after which common servers hang up, so that a kept connection is rarely one just being closed. */
const KEEP_ALIVE_MS = 4_000;
/** A connection older than this is not used again: its address was judged long ago. */
const CONNECTION_TTL_MS = 60_000;
const USER_AGENT = 'Cardseal-Webhooks/1';
const OUR_SHORTAGES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL']);
const HOLDING_STATUS: ReadonlySet<number> = new Set([429, 503]);

/** A sender over kept connections. No proxy of the environment is used: pools know none. */
export function createWebhookSender({ guard, maxOrigins = 500, now = Date.now }: WebhookSenderOptions): WebhookSender {
  const pools = poolsByOrigin(guard, maxOrigins);
  return {
    close: () => pools.close(),
    async send(request) {
      if (pools.closed) throw new TransientError('webhook_sender_closed');
      const startedMs = performance.now();
      const progress: Progress = {};
      const deadline = AbortSignal.timeout(Math.min(request.deadlineMs ?? DEFAULT_DEADLINE_MS, MAX_DEADLINE_MS));
      const signal = request.signal ? AbortSignal.any([request.signal, deadline]) : deadline;
      let outcome: DeliveryClass | undefined;
      try {
        const url = guard.checkUrl(request.url);
        await within(signal, exchange(pools.of(url.origin), url, request, signal, progress, now));
        outcome = classifyAnswer({ status: progress.status ?? 0 });
      } catch (error) {
        if (request.signal?.aborted) throw request.signal.reason;
        if (pools.closed) throw new TransientError('webhook_sender_closed', { cause: error });
        outcome = classifyAnswer({ error }) ?? throwOurs(error);
      }
      return answerOf(outcome as DeliveryClass, progress, performance.now() - startedMs);
    },
  };
}

/** One send on a connection of its own, for the rare ones: a test at registration. Deliveries keep a sender. */
export async function sendWebhook({ guard, ...input }: SendInput & { guard: TargetGuard }): Promise<SendResult> {
  const sender = createWebhookSender({ guard });
  try {
    return await sender.send(input);
  } finally {
    sender.close();
  }
}

/** What is known so far; filled while the exchange goes on, so that a cut-off answer keeps its status. */
interface Progress {
  status?: number;
  answer?: Buffer;
  retryAfterMs?: number | undefined;
}

async function exchange(
  pool: Pool,
  url: URL,
  request: SendInput,
  signal: AbortSignal,
  progress: Progress,
  now: () => number,
): Promise<void> {
  const { statusCode, headers, body } = await pool.request({
    method: 'POST',
    path: url.pathname + url.search,
    headers: { 'content-type': 'application/json', ...request.headers, 'user-agent': USER_AGENT },
    body: request.body,
    signal,
  });
  progress.status = statusCode;
  if (HOLDING_STATUS.has(statusCode)) progress.retryAfterMs = parseRetryAfter(headers['retry-after'], now());
  await readStart(body, request, progress);
}

/** undici heeds a signal only once it is connected, so the wait for a connection is cut off here. */
async function within(signal: AbortSignal, work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Reads up to the limit, then hangs up: what was answered beyond it is of no interest, and may never end. */
async function readStart(body: Readable, request: SendInput, progress: Progress): Promise<void> {
  const { maxReadBytes = MAX_READ_BYTES, keepBytes = KEEP_BYTES } = request;
  let readBytes = 0;
  progress.answer = Buffer.alloc(0);
  for await (const chunk of body as AsyncIterable<Buffer>) {
    const room = keepBytes - progress.answer.length;
    if (room > 0) progress.answer = Buffer.concat([progress.answer, chunk.subarray(0, room)]);
    readBytes += chunk.length;
    if (readBytes >= maxReadBytes) return;
  }
}

function answerOf(outcome: DeliveryClass, progress: Progress, latencyMs: number): SendResult {
  if (outcome === 'target_refused') return { class: outcome, latencyMs };
  const { status, answer, retryAfterMs } = progress;
  return {
    class: outcome,
    latencyMs,
    ...(status !== undefined && { status }),
    ...(answer && answer.length > 0 && { answer }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

function throwOurs(error: unknown): never {
  if (error instanceof CardsealError && !(error instanceof RejectedError)) throw error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (OUR_SHORTAGES.has(code)) throw new TransientError('webhook_sender_short', { cause: error });
  throw new DefectError('webhook_send_defect', { cause: error });
}

interface Pools {
  of(origin: string): Pool;
  close(): void;
  readonly closed: boolean;
}

function poolsByOrigin(guard: TargetGuard, maxOrigins: number): Pools {
  const pools = new Map<string, Pool>();
  let closed = false;
  return {
    get closed() {
      return closed;
    },
    of(origin) {
      const pool = pools.get(origin) ?? createPool(origin, guard);
      pools.delete(origin);
      pools.set(origin, pool);
      if (pools.size > maxOrigins) {
        const [oldest, unused] = pools.entries().next().value as [string, Pool];
        pools.delete(oldest);
        // Graceful: sends under way there still end.
        void unused.close();
      }
      return pool;
    },
    close() {
      closed = true;
      // Not awaited: undici would wait for connections that are still being opened.
      for (const pool of pools.values()) void pool.destroy();
      pools.clear();
    },
  };
}

function createPool(origin: string, guard: TargetGuard): Pool {
  return new Pool(origin, {
    // Unlimited: the caller caps what is in flight per endpoint, and endpoints may share an origin.
    connections: null,
    pipelining: 1,
    allowH2: false,
    connect: guard.connector,
    clientTtl: CONNECTION_TTL_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: MAX_DEADLINE_MS,
    bodyTimeout: MAX_DEADLINE_MS,
  });
}
