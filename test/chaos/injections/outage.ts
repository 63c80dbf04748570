/**
 * Outages of the provider: for a while every call ends in the same way. None of them explains a failed job, so the
 * checker reports every job that fails of one. Each also reports calls beyond what a circuit breaker may let through.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Night, ON_A_WIRE } from '../harness/index.ts';

const SHORTEST_MS = 10_000;
const LONGEST_MS = 60_000;
const WORKERS = 2;
/** So many failed calls in a row open the breaker (`outageCalls` of the pacing rules). */
const OPENING_CALLS = 5;
/** The first probe comes about 5 s after the opening, jitter may shorten every pause, and later pauses are longer. */
const PROBE_EVERY_MS = 3000;

export const OUTAGES = {
  'answers 503': { kind: 'http', status: 503 },
  'sends HTML': { kind: 'html' },
  hangs: { kind: 'hang' },
  'refuses connections': { kind: 'refuse' },
  'sends garbage ciphertext': { kind: 'garbage_cipher' },
} as const;

/** Returns what it found broken. */
export async function outage(night: Night, fault: object, random: () => number): Promise<string[]> {
  const ms = SHORTEST_MS + random() * (LONGEST_MS - SHORTEST_MS);
  const before = await callsOf(night);
  await night.app.control('PUT', { faults: [fault] });
  try {
    await delay(ms);
    return tooManyCalls((await callsOf(night)) - before, ms);
  } finally {
    await night.app.control('PUT', { faults: [] });
  }
}

async function callsOf({ app }: Night): Promise<number> {
  return (await app.stats()).calls!;
}

/** At most as many calls are in flight when the breaker opens as all workers can have at once. */
export function tooManyCalls(calls: number, ms: number): string[] {
  const most = OPENING_CALLS + WORKERS * ON_A_WIRE + Math.ceil(ms / PROBE_EVERY_MS);
  if (calls <= most) return [];
  return [`I2: ${calls} calls in an outage of ${Math.round(ms / 1000)} s, at most ${most} are needed`];
}
