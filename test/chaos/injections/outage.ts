/**
 * Outages of the provider: every call ends in the same way for some time. An outage explains no failed job, so the
 * checker reports each one. An injection also reports more calls than a circuit breaker may let through.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Harness, WORKER_CONCURRENCY } from '../harness/index.ts';

const SHORTEST_MS = 10_000;
const LONGEST_MS = 60_000;
const WORKERS = 2;
/** This many failed calls in a row open the breaker (`outageCalls` of the pacer). */
const OPENING_CALLS = 5;
/**
 * The first probe comes about 5 s after the breaker opens. Jitter may shorten each pause, and later pauses are longer.
 */
const PROBE_EVERY_MS = 3000;

export const OUTAGES = {
  'answers 503': { kind: 'http', status: 503 },
  'sends HTML': { kind: 'html' },
  hangs: { kind: 'hang' },
  'refuses connections': { kind: 'refuse' },
  'sends garbage ciphertext': { kind: 'garbage_cipher' },
} as const;

/** Returns what it found broken. */
export async function outage(harness: Harness, fault: object, random: () => number): Promise<string[]> {
  const ms = SHORTEST_MS + random() * (LONGEST_MS - SHORTEST_MS);
  const before = await callsOf(harness);
  await harness.app.control('PUT', { faults: [fault] });
  try {
    await delay(ms);
    return tooManyCalls((await callsOf(harness)) - before, ms);
  } finally {
    await harness.app.control('PUT', { faults: [] });
  }
}

async function callsOf({ app }: Harness): Promise<number> {
  return (await app.stats()).calls!;
}

/** When the breaker opens, every worker may have all its calls in flight. The limit allows for them. */
export function tooManyCalls(calls: number, ms: number): string[] {
  const most = OPENING_CALLS + WORKERS * WORKER_CONCURRENCY + Math.ceil(ms / PROBE_EVERY_MS);
  if (calls <= most) return [];
  return [`I2: ${calls} calls in an outage of ${Math.round(ms / 1000)} s, at most ${most} are needed`];
}
