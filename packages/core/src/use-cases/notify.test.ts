import { ManualClock } from '@cardseal/base/clock';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { expect, it } from 'vitest';
import { createLedger, type DeliveryRef } from '../ledger/index.ts';
import type { JobQueue } from '../queue/index.ts';
import { sendNotice } from './notify.ts';

it('a notice that is announced again is not owed to an endpoint that has it', async () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const store = memoryObjectStore();
  const ledger = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 1)), clock });
  const endpoints = ['we_00000000000000000000000001', 'we_00000000000000000000000002'];
  for (const id of endpoints) {
    await ledger.tenants.endpoints.create('bank', id, { events: null, state: 'enabled' } as never);
  }
  const queued: { ref: DeliveryRef; repeated?: boolean }[] = [];
  const jobQueue = { addDeliveries: async (refs: typeof queued) => void queued.push(...refs) } as unknown as JobQueue;
  const input = {
    tenant: 'bank',
    type: 'batch.completed',
    subject: 'bat_1',
    generation: 1,
    atMs: 1,
    data: {},
  } as const;
  const notice = await sendNotice({ ledger, jobQueue }, input);
  const [has] = queued.map(({ ref }) => ref);
  const entry = { atMs: 1, class: 'delivered', status: 200, latencyMs: 1, nextAtMs: null, attempt: 1 };
  await ledger.deliveries.records.record(await ledger.deliveries.records.read(has!), entry);
  await ledger.jobs.markers.settle(has!);

  expect(await sendNotice({ ledger, jobQueue }, input)).toBe(notice);
  const again = queued.slice(2);
  expect(again.map(({ ref, repeated }) => [ref.endpoint, repeated])).toEqual([[endpoints[1], true]]);
  expect(await ledger.jobs.markers.isOwed(has!)).toBe(false);
});
