/**
 * The usage of credentials, kept outside Redis: one small object per credential and day, written from time to time
 * under the next number, so that an allowance is not spent twice after a loss of Redis. No personal data.
 */

import type { ObjectStore } from '@cardseal/object-store';
import { readNewest } from '@cardseal/object-store';
import { paths } from '../paths.ts';

/** Counts by name, as the pacer returns them. */
type UsageCounts = Record<string, number>;

export interface UsageStore {
  /** Never lowers a stored count: each becomes the larger of the two. Returns true when it wrote something. */
  save(credential: string, day: string, counts: UsageCounts): Promise<boolean>;
  /** null when nothing was written. */
  read(credential: string, day: string): Promise<UsageCounts | null>;
}

export function createUsageStore(store: ObjectStore): UsageStore {
  async function latest(credential: string, day: string) {
    const { names, body } = await readNewest(store, paths.usageOf(credential, day));
    return { names, counts: body && (JSON.parse(body.toString()) as UsageCounts) };
  }

  return {
    read: async (credential, day) => (await latest(credential, day)).counts,
    async save(credential, day, counts) {
      const { names, counts: before } = await latest(credential, day);
      const now = larger(before ?? {}, counts);
      if (before && Object.entries(now).every(([name, count]) => before[name] === count)) return false;
      const number = Number(names.at(-1)?.split('/').at(-1) ?? 0) + 1;
      // A writer that loses the race writes in the next round: both read the same counts from Redis.
      const written = await store.create(paths.usage(credential, day, number), Buffer.from(JSON.stringify(now)));
      if (written && names.length > 0) await store.delete(names);
      return written;
    },
  };
}

function larger(a: UsageCounts, b: UsageCounts): UsageCounts {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...names].map((name) => [name, Math.max(a[name] ?? 0, b[name] ?? 0)]));
}
