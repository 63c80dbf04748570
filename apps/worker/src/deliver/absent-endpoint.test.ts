/** Only a record with the state `deleted` settles pending deliveries. An absent record is a fault of the store. */
import { ManualClock } from '@cardseal/base/clock';
import { TransientError } from '@cardseal/base/errors';
import { type JobId, newJobId } from '@cardseal/core/job';
import { createLedger, type DeliveryRef, paths } from '@cardseal/core/ledger';
import type { DeliverJob } from '@cardseal/core/queue';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import type { Job } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { createEndpoints } from '../caches/endpoint-cache.ts';
import type { WorkerContext } from '../context.ts';
import { deliverProcessor } from './processor.ts';
import type { DeliveryRuntime } from './support/delivery-runtime.ts';

const TENANT = 'bank';
const ENDPOINT = 'we_00000000000000000000000001';

async function world() {
  const store = memoryObjectStore();
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const ledger = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 1)), clock });
  const record = { url: 'https://r.example/', events: null, payload: 'full', state: 'enabled', createdAtMs: 0 };
  await ledger.tenants.endpoints.create(TENANT, ENDPOINT, {
    ...record,
    publicKey: null,
    headers: {},
    secrets: [],
  } as never);
  const job: JobId = newJobId(clock.now());
  const ref: DeliveryRef = { tenant: TENANT, job, generation: 1, endpoint: ENDPOINT };
  await ledger.jobs.markers.owe(ref);
  const told: string[] = [];
  const counted: object[] = [];
  const released: string[] = [];
  const context = {
    clock,
    ledger,
    endpoints: createEndpoints(ledger),
    random: () => 0.999,
    log: { error: (event: string, { code }: { code: string }) => told.push(`${event} ${code}`) },
    metrics: { count: (_name: string, labels: object) => counted.push(labels) },
  } as unknown as WorkerContext;
  const runtime = { release: async (_lane: unknown, { id }: { id: string }) => void released.push(id) };
  const process = deliverProcessor(context, runtime as unknown as DeliveryRuntime);
  const delays: number[] = [];
  const queued = {
    name: 'deliver',
    data: { ...ref } as DeliverJob,
    attemptsStarted: 1,
    updateData: async (data: DeliverJob) => void Object.assign(queued, { data }),
    moveToDelayed: async (untilMs: number) => void delays.push(Math.round((untilMs - Date.now()) / 1000)),
  };
  /** One run of the queue's job; true when it ended. */
  const run = () =>
    process(queued as unknown as Job<DeliverJob>, 'token').then(
      () => true,
      () => false,
    );
  const lose = async () => {
    const names = (await store.list(paths.record('endpoints', TENANT, ENDPOINT))).keys;
    await store.delete(names);
  };
  return { ledger, ref, told, counted, released, delays, run, lose, queued };
}

describe('a delivery whose endpoint the store does not have', () => {
  it('stays owed, spends no attempt, is reported, and waits longer each time', async () => {
    const { ledger, ref, told, counted, released, delays, run, lose } = await world();
    await lose();
    for (let turn = 0; turn < 10; turn++) expect(await run()).toBe(false);
    expect(await ledger.jobs.markers.isOwed(ref)).toBe(true);
    expect(await ledger.deliveries.records.read(ref)).toMatchObject({ tries: 0, entries: 0 });
    expect(delays).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
    expect(told).toEqual(Array(10).fill('delivery.own_fault endpoint_record_missing'));
    expect(counted[0]).toEqual({ work: 'deliver', code: 'endpoint_record_missing' });
    // A place that it held is given back, so that it holds up no other delivery.
    expect(released).toHaveLength(10);
  });

  it('ends without an error when the delivery is no longer pending', async () => {
    const { ledger, ref, told, run, lose } = await world();
    await lose();
    await ledger.jobs.markers.settle(ref);
    expect([await run(), told]).toEqual([true, []]);
  });

  it('is settled once the record says that the endpoint is deleted', async () => {
    const { ledger, ref, run, told } = await world();
    await ledger.tenants.endpoints.change(TENANT, ENDPOINT, (value) => ({ ...value, state: 'deleted' }));
    expect(await run()).toBe(true);
    expect([await ledger.jobs.markers.isOwed(ref), told]).toEqual([false, []]);
  });

  it('waits five seconds after an outage of the store, however often', async () => {
    const { delays, run, ledger } = await world();
    Object.assign(ledger.tenants.endpoints, { get: () => Promise.reject(new TransientError('store_unavailable')) });
    for (let turn = 0; turn < 8; turn++) await run();
    expect(new Set(delays)).toEqual(new Set([5]));
  });
});
