/**
 * Stores a snapshot of the pool in Redis every ten seconds and keeps it for an hour, so that every admin process draws
 * the same plot. The id of an entry is its time, so Redis keeps one snapshot when several processes write.
 */
import type { Clock } from '@cardseal/base/clock';
import type { CredentialSnapshot } from '@cardseal/pacer';
import type { Redis } from 'ioredis';
import type { CallsSample } from './view.ts';

export const SAMPLE_EVERY_MS = 10_000;
const KEPT = 360;

/** By credential: total calls, calls refused in the last minute, nominal and learned rate, gate open. */
type PoolSample = Record<string, [calls: number, refused: number, nominalQps: number, currentQps: number, open: 0 | 1]>;

export interface Samples {
  take(snapshot: readonly CredentialSnapshot[]): Promise<void>;
  /** Samples by credential, oldest first. */
  read(): Promise<Map<string, CallsSample[]>>;
}

export function createSamples(redis: Redis, prefix: string, clock: Clock): Samples {
  const key = `${prefix}:samples`;
  return {
    async take(snapshot) {
      const sample: PoolSample = {};
      for (const { id, usedTotal, refusedLastMinute, nominalQps, currentQps, gate } of snapshot)
        sample[id] = [usedTotal, refusedLastMinute, nominalQps, currentQps, gate.state === 'open' ? 1 : 0];
      const atMs = Math.floor(clock.now() / SAMPLE_EVERY_MS) * SAMPLE_EVERY_MS;
      // Redis refuses the id when another process was faster.
      await redis.xadd(key, 'MAXLEN', KEPT, `${atMs}-0`, 'look', JSON.stringify(sample)).catch(() => {});
    },
    async read() {
      const entries = await redis.xrange(key, clock.now() - KEPT * SAMPLE_EVERY_MS, '+');
      return between(
        entries.map(([id, fields]) => ({ atMs: Number(id.split('-')[0]), snapshot: JSON.parse(fields[1]!) })),
      );
    },
  };
}

/** Two consecutive snapshots give one sample. After a loss of Redis data the counter restarts from zero. */
export function between(snapshots: readonly { atMs: number; snapshot: PoolSample }[]): Map<string, CallsSample[]> {
  const samples = new Map<string, CallsSample[]>();
  for (const [at, { atMs, snapshot }] of snapshots.entries()) {
    const before = snapshots[at - 1];
    if (!before) continue;
    for (const [id, [calls, refused, nominalQps, currentQps, open]] of Object.entries(snapshot)) {
      const earlier = before.snapshot[id]?.[0] ?? calls;
      const line = samples.get(id) ?? [];
      const seconds = (atMs - before.atMs) / 1000;
      const made = Math.max(0, calls - (earlier > calls ? 0 : earlier));
      // `refused` covers the last minute: take the share of this sample.
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
