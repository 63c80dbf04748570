/**
 * The record of one tenant's endpoint is absent from the store for a while, then it is back, byte for byte. Deliveries
 * that were pending before must arrive once it is back. Outcomes decided meanwhile have no endpoint.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { paths } from '@cardseal/core/ledger';
import { scan } from '@cardseal/object-store';
import { bucketOf } from '../bucket-copy.ts';
import type { Night } from '../harness/index.ts';

const OWED_MS = 1500;
/** More than the time for which a worker may remember a record, and than the first pause of a delivery. */
const ABSENT_MS = 6000;

/** @param hide receives the tenant before its endpoint becomes absent. */
export async function absentRecord(night: Night, random: () => number, hide: (tenant: string) => void): Promise<void> {
  const { tenant } = night.clients[Math.floor(random() * night.clients.length)]!;
  const bucket = bucketOf(night.app);
  const names = await Array.fromAsync(scan(bucket, paths.records('endpoints', tenant)));
  const kept = await Promise.all(names.map(async (name) => ({ name, body: await bucket.get(name) })));
  if (kept.some(({ body }) => body === null)) throw new Error('a record changed meanwhile');
  night.inbox.holdBack(tenant);
  try {
    // Deliveries fail meanwhile, so that some are pending when the record goes.
    await delay(OWED_MS);
    hide(tenant);
    for (const { name } of kept) await untilDone(() => bucket.delete([name]));
    await delay(ABSENT_MS);
  } finally {
    for (const { name, body } of kept) await untilDone(() => bucket.put(name, body!));
    night.inbox.letThrough(tenant);
  }
}

/** The store may still be recovering from what was done to it before. */
async function untilDone(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 20) throw error;
      await delay(500);
    }
  }
}
