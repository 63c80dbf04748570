/**
 * Removes the record of one tenant's endpoint from the store for some seconds and restores it byte for byte. Deliveries
 * that were pending before must arrive afterwards. Outcomes decided meanwhile have no endpoint.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { paths } from '@cardseal/core/ledger';
import { scan } from '@cardseal/object-store';
import { bucketOf } from '../bucket-copy.ts';
import type { Harness } from '../harness/index.ts';

const OWED_MS = 1500;
/** Longer than a worker caches a record, and longer than the first pause between delivery attempts. */
const ABSENT_MS = 6000;

/** @param hide receives the tenant before its endpoint becomes absent. */
export async function absentRecord(
  harness: Harness,
  random: () => number,
  hide: (tenant: string) => void,
): Promise<void> {
  const { tenant } = harness.clients[Math.floor(random() * harness.clients.length)]!;
  const bucket = bucketOf(harness.app);
  const names = await Array.fromAsync(scan(bucket, paths.records('endpoints', tenant)));
  const kept = await Promise.all(names.map(async (name) => ({ name, body: await bucket.get(name) })));
  if (kept.some(({ body }) => body === null)) throw new Error('a record changed meanwhile');
  harness.inbox.holdBack(tenant);
  try {
    // Deliveries fail meanwhile, so that some are pending when the record goes.
    await delay(OWED_MS);
    hide(tenant);
    for (const { name } of kept) await untilDone(() => bucket.delete([name]));
    await delay(ABSENT_MS);
  } finally {
    for (const { name, body } of kept) await untilDone(() => bucket.put(name, body!));
    harness.inbox.letThrough(tenant);
  }
}

/** Repeats the write, because the store may still be recovering from an earlier fault. */
async function untilDone(work: () => Promise<void>): Promise<void> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await work();
    } catch (error) {
      if (attempts === 20) throw error;
      await delay(500);
    }
  }
}
