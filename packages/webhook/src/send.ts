/**
 * Sends one signed webhook and classifies the result. Every failure of the receiver is a class of the result; the
 * sender throws only for faults of this process. It must never follow a redirect, never outlive its deadline, never
 * read without end, and never open a connection that the guard did not make.
 */
import { CardsealError, DefectError, RejectedError, TransientError } from '@cardseal/base/errors';
import { classifyResponse, type DeliveryClass, isShortage } from './classify-response.ts';
import { createConnections } from './connections.ts';
import { type Exchange, exchange, requestBytes } from './exchange.ts';
import { parseRetryAfter } from './retry-after.ts';
import type { TargetGuard } from './ssrf-guard.ts';

export interface SendInput {
  url: string;
  /** Private targets that the tenant may reach, from its record. */
  targets?: readonly string[] | undefined;
  /** The signature's headers and the endpoint's own; names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** The frozen bytes, sent as they are. */
  body: Buffer;
  /** For connect, headers and body together; 15 s unless given, 30 s at most. */
  deadlineMs?: number;
  /** The most bytes of a response that are read. */
  maxReadBytes?: number;
  /** Bytes kept of what was read. */
  keepBytes?: number;
  /** Shutdown: `send` rejects with the signal's reason, and the result of the attempt is unknown. */
  signal?: AbortSignal;
}

export interface SendResult {
  class: DeliveryClass;
  /** Absent when no status line came. */
  status?: number;
  latencyMs: number;
  /** The start of the response body. The receiver may send personal data: seal it, never log it. Empty for a private target. */
  answer?: Buffer;
  /** On 429 and 503 that ask for it; at most 24 h. */
  retryAfterMs?: number;
  /** A status line arrived, but the body did not end as its headers say, or not in time. The status alone counts. */
  brokenBody?: true;
}

export interface WebhookSender {
  /**
   * @throws DefectError `webhook_send_defect`, TransientError `webhook_sender_short` (no sockets, ports or memory
   * here), `webhook_sender_closed` or `webhook_resolver_unavailable`: none of them may spend an attempt.
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
const USER_AGENT = 'Cardseal-Webhooks/1';
const HOLDING_STATUS: ReadonlySet<number> = new Set([429, 503]);

/** A sender that keeps connections open between requests. It takes a proxy only where the guard has one. */
export function createWebhookSender({ guard, maxOrigins = 500, now = Date.now }: WebhookSenderOptions): WebhookSender {
  const connections = createConnections(maxOrigins);

  async function attempt(request: SendInput, signal: AbortSignal): Promise<Exchange> {
    const { maxReadBytes = MAX_READ_BYTES, keepBytes = KEEP_BYTES } = request;
    const allowed = guard.forTenant(request.targets);
    const url = allowed.checkUrl(request.url);
    const headers = { 'content-type': 'application/json', ...request.headers, 'user-agent': USER_AGENT };
    const bytes = requestBytes(url, headers, request.body);
    const connection = await connections.open(url, allowed, signal);
    // The body of a private target could be a page of an internal service: the reader drops it.
    const kept = connection.isPrivate ? 0 : keepBytes;
    const limits = { maxHeaderBytes: MAX_HEADER_BYTES, maxReadBytes, keepBytes: kept };
    const response = await exchange(connection, bytes, limits, signal);
    // A turn of the event loop later: a receiver that closes although it announced the opposite has done so by then.
    if (response.keepMs > 0) setImmediate(() => connections.release(connection, response.keepMs));
    else connections.release(connection, 0);
    if (response.status === undefined) throw response.failure;
    return response;
  }

  return {
    close: () => connections.close(),
    async send(request) {
      if (connections.closed) throw new TransientError('webhook_sender_closed');
      const startedMs = performance.now();
      const deadline = AbortSignal.timeout(Math.min(request.deadlineMs ?? DEFAULT_DEADLINE_MS, MAX_DEADLINE_MS));
      const signal = request.signal ? AbortSignal.any([request.signal, deadline]) : deadline;
      try {
        const response = await attempt(request, signal);
        return resultOf(response, performance.now() - startedMs, now());
      } catch (error) {
        if (request.signal?.aborted) throw request.signal.reason;
        if (connections.closed) throw new TransientError('webhook_sender_closed', { cause: error });
        return { class: classifyResponse({ error }) ?? throwOurs(error), latencyMs: performance.now() - startedMs };
      }
    },
  };
}

/** Sends once on a separate connection, for the test at registration. Deliveries share a sender. */
export async function sendWebhook({ guard, ...input }: SendInput & { guard: TargetGuard }): Promise<SendResult> {
  const sender = createWebhookSender({ guard });
  try {
    return await sender.send(input);
  } finally {
    sender.close();
  }
}

/** The status line decides. A body that breaks off, or does not end in time, changes nothing about it. */
function resultOf(
  { status = 0, body, retryAfter, brokenBody }: Exchange,
  latencyMs: number,
  nowMs: number,
): SendResult {
  const retryAfterMs = HOLDING_STATUS.has(status) ? parseRetryAfter(retryAfter, nowMs) : undefined;
  return {
    class: classifyResponse({ status }) ?? 'server_error',
    latencyMs,
    status,
    ...(body.length > 0 && { answer: body }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(brokenBody && { brokenBody }),
  };
}

function throwOurs(error: unknown): never {
  if (error instanceof CardsealError && !(error instanceof RejectedError)) throw error;
  if (isShortage(error)) throw new TransientError('webhook_sender_short', { cause: error });
  throw new DefectError('webhook_send_defect', { cause: error });
}
