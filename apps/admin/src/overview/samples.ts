/**
 * One look at the pool every ten seconds, kept for an hour in Redis, so that the plot of calls against the limit is the
 * same in every admin process. Its time names a sample: of two processes one is kept.
 */
import type { Clock } from '@cardseal/base/clock';
import type { CredentialSnapshot } from '@cardseal/pacer';
import type { Redis } from 'ioredis';
import type { CallsSample } from './view.ts';

export const SAMPLE_EVERY_MS = 10_000;
const KEPT = 360;

/** By credential: calls in all, refused in the last minute, rates, open. */
type Look = Record<string, [calls: number, refused: number, nominalQps: number, currentQps: number, open: 0 | 1]>;

export interface Samples {
  take(snapshot: readonly CredentialSnapshot[]): Promise<void>;
  /** Oldest first, by credential. */
  read(): Promise<Map<string, CallsSample[]>>;
}

export function createSamples(redis: Redis, prefix: string, clock: Clock): Samples {
  const key = `${prefix}:samples`;
  return {
    async take(snapshot) {
      const look: Look = {};
      for (const { id, usedTotal, refusedLastMinute, nominalQps, currentQps, gate } of snapshot)
        look[id] = [usedTotal, refusedLastMinute, nominalQps, currentQps, gate.state === 'open' ? 1 : 0];
      const atMs = Math.floor(clock.now() / SAMPLE_EVERY_MS) * SAMPLE_EVERY_MS;
      // Refused when another process was first.
      await redis.xadd(key, 'MAXLEN', KEPT, `${atMs}-0`, 'look', JSON.stringify(look)).catch(() => {});
    },
    async read() {
      const entries = await redis.xrange(key, clock.now() - KEPT * SAMPLE_EVERY_MS, '+');
      return between(entries.map(([id, fields]) => ({ atMs: Number(id.split('-')[0]), look: JSON.parse(fields[1]!) })));
    },
  };
}

/** Counts of two looks make one sample; what fell (a new Redis) counts from zero. */
export function between(looks: readonly { atMs: number; look: Look }[]): Map<string, CallsSample[]> {
  const samples = new Map<string, CallsSample[]>();
  for (const [at, { atMs, look }] of looks.entries()) {
    const before = looks[at - 1];
    if (!before) continue;
    for (const [id, [calls, refused, nominalQps, currentQps, open]] of Object.entries(look)) {
      const earlier = before.look[id]?.[0] ?? calls;
      const line = samples.get(id) ?? [];
      const seconds = (atMs - before.atMs) / 1000;
      const made = Math.max(0, calls - (earlier > calls ? 0 : earlier));
      // The count is of the last minute: this sample's share of it.
      line.push({
        atMs,
        calls: made,
        refused: (refused * seconds) / 60,
        seconds,
        nominalQps,
        currentQps,
        open: open === 1,
      });
      samples.set(id, line);
    }
  }
  return samples;
}
