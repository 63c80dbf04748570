/**
 * One request, tried again where that is safe and promises something: lost connections, 429 and 5xx that say so.
 * Every unsafe request carries an Idempotency-Key, so that an attempt whose response was lost is not a second job.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ConnectionError, type ProblemError, problemFrom } from './problem-error.ts';

export interface TransportOptions {
  /** Such as `https://cardseal.example.com`. */
  baseUrl: string;
  apiKey: string;
  /** Tries after the first; 4 by default. */
  retries?: number;
  /** Deadline of one attempt, up to the head of its response; 60 s by default. */
  timeoutMs?: number;
  /** Longest pause between two attempts, whatever the API requests; 60 s by default. */
  maxPauseMs?: number;
  fetch?: typeof fetch;
}

export interface Call {
  query?: Record<string, string | number | undefined>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is; a stream is sent once only. */
  body?: NonNullable<RequestInit['body']>;
  headers?: Record<string, string>;
  idempotencyKey?: string | undefined;
  signal?: AbortSignal | undefined;
}

export type Send = (method: string, path: string, call?: Call) => Promise<Response>;

/** Of what is not the request's own fault. */
const WORTH_ANOTHER_TRY = new Set([408, 425, 429, 502, 503, 504]);

/** Whether the same request may be answered otherwise in a moment. */
export function isPassing({ status, code }: Pick<ProblemError, 'status' | 'code'>): boolean {
  return WORTH_ANOTHER_TRY.has(status) || code === 'idempotency_in_progress';
}

/** The returned function resolves with a 2xx or 304 answer, and throws ProblemError or ConnectionError otherwise. */
export function createTransport(options: TransportOptions): Send {
  const { retries = 4, maxPauseMs = 60_000 } = options;
  return async (method, path, call = {}) => {
    const request = prepare(options, method, path, call);
    const tries = call.body instanceof ReadableStream ? 1 : retries + 1;
    let last: ProblemError | ConnectionError | undefined;
    for (let attempt = 0; attempt < tries; attempt++) {
      if (attempt > 0) await delay(pauseMs(attempt, last, maxPauseMs), undefined, { signal: call.signal });
      const answer = await tryOnce(options, request, call.signal);
      if (answer instanceof Response) return answer;
      last = answer;
      if ('status' in answer && !isPassing(answer)) break;
    }
    throw last;
  };
}

interface Prepared {
  url: URL;
  init: RequestInit;
}

function prepare({ baseUrl, apiKey }: TransportOptions, method: string, path: string, call: Call): Prepared {
  const url = new URL(path, baseUrl);
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  const headers: Record<string, string> = { authorization: `Bearer ${apiKey}`, ...call.headers };
  if (method !== 'GET') headers['idempotency-key'] ??= call.idempotencyKey ?? randomUUID();
  if (call.json !== undefined) headers['content-type'] ??= 'application/json';
  const body = call.json === undefined ? call.body : JSON.stringify(call.json);
  const streaming = body instanceof ReadableStream ? { duplex: 'half' as const } : {};
  return { url, init: { method, headers, ...(body === undefined ? {} : { body }), ...streaming } };
}

async function tryOnce(
  { fetch: send = fetch, timeoutMs = 60_000 }: TransportOptions,
  { url, init }: Prepared,
  signal: AbortSignal | undefined,
): Promise<Response | ProblemError | ConnectionError> {
  const deadline = new AbortController();
  // The deadline is for the head of a response: streams of events and results have no time limit.
  const timer = init.body instanceof ReadableStream ? undefined : setTimeout(() => deadline.abort(), timeoutMs);
  try {
    const signals = signal ? [signal, deadline.signal] : [deadline.signal];
    const response = await send(url, { ...init, signal: AbortSignal.any(signals) });
    return response.ok || response.status === 304 ? response : await problemFrom(response);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    return new ConnectionError(error);
  } finally {
    clearTimeout(timer);
  }
}

/** What the API asks for, else an exponential pause; jitter is only added, so that no one comes too early. */
function pauseMs(attempt: number, last: ProblemError | ConnectionError | undefined, maxPauseMs: number): number {
  const asked = last && 'retryAfterMs' in last ? last.retryAfterMs : null;
  const base = asked ?? 250 * 2 ** (attempt - 1);
  return Math.min(maxPauseMs, base + Math.random() * Math.min(1000, base || 100));
}
