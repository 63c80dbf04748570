/** An outcome is announced once, whatever fails after it; the images are deleted last. */
import { ManualClock } from '@cardseal/base/clock';
import { TransientError } from '@cardseal/base/errors';
import { type JobId, newJobId } from '@cardseal/core/job';
import { createLedger, type DeliveryRef, paths } from '@cardseal/core/ledger';
import { silentLog } from '@cardseal/core/log';
import { createMetrics } from '@cardseal/core/metrics';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { beforeEach, describe, expect, it } from 'vitest';
import { createRetention } from '../../background/retention/retention.ts';
import { createEndpoints } from '../../caches/endpoint-cache.ts';
import { createOutcomeCache } from '../../caches/outcome-cache.ts';
import { createTenants } from '../../caches/tenant-cache.ts';
import type { WorkerContext } from '../../context.ts';
import { openWork } from '../support/work.ts';
import { announce } from './announce.ts';
import { conclude } from './conclude.ts';

const TENANT = 'bank';
const ENDPOINT = 'we_00000000000000000000000001';

/** A job of two sides that is cancelled: `failing` names the operations and objects that the store refuses for now. */
async function world() {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const store = memoryObjectStore();
  const failing: { operation: 'put' | 'delete'; name: RegExp }[] = [];
  const refuse = (operation: 'put' | 'delete', names: readonly string[]) => {
    const hit = failing.some((fault) => fault.operation === operation && names.some((name) => fault.name.test(name)));
    if (hit) throw new TransientError('store_unavailable');
  };
  const ledger = createLedger({
    store: {
      ...store,
      async put(name, body) {
        refuse('put', [name]);
        await store.put(name, body);
      },
      async delete(names) {
        refuse('delete', names);
        await store.delete(names);
      },
    },
    master: localMasterKey(Buffer.alloc(32, 1)),
    clock,
  });
  const endpoint = { url: 'https://receiver.example/', events: null, payload: 'full', state: 'enabled', secrets: [] };
  await ledger.tenants.endpoints.create(TENANT, ENDPOINT, endpoint as never);
  const job = newJobId(clock.now());
  await ledger.jobs.markers.openGeneration(TENANT, job, 1, null);
  const sealed = await ledger.jobs.start(TENANT, job);
  for (const side of ['front', 'back'] as const) await sealed.putImage(side, Buffer.from(side));
  const times = { createdAtMs: clock.now(), expiresAtMs: null, retainForS: null };
  const told = { reference: null, metadata: {}, priority: 'interactive', keepImages: false, endpointIds: null };
  const request = { v: 1, job, tenant: TENANT, sides: ['front', 'back'], options: {}, ...times, ...told };
  await sealed.commit(request as never);
  const queued: { ref: DeliveryRef; repeated?: boolean }[] = [];
  const context = {
    clock,
    random: () => 0,
    log: silentLog,
    metrics: createMetrics('worker', { process: false }),
    ledger,
    tenants: createTenants(ledger),
    endpoints: createEndpoints(ledger),
    outcomeCache: createOutcomeCache(true),
    config: { RETRY_WINDOW_MS: 3_600_000, RETENTION_MS: 86_400_000, RETENTION_INTERVAL_MS: 86_400_000 },
    jobQueue: {
      announceFinished: async () => {},
      addDeliveries: async (refs: typeof queued) => void queued.push(...refs),
    },
  } as unknown as WorkerContext;
  const ref: DeliveryRef = { tenant: TENANT, job, generation: 1, endpoint: ENDPOINT };
  const run = async () =>
    (await openWork(context, { tenant: TENANT, job, generation: 1, attempts: [] }, new AbortController().signal))!;
  /** Does what a worker does after the receiver accepted the event. */
  async function deliver(): Promise<void> {
    const entry = { atMs: clock.now(), class: 'delivered', status: 200, latencyMs: 1, nextAtMs: null, attempt: 1 };
    await ledger.deliveries.records.record(await ledger.deliveries.records.read(ref), entry);
    await ledger.jobs.markers.settle(ref);
  }
  const has = (name: string) => store.objects.has(name);
  return { clock, store, failing, ledger, job, context, queued, ref, run, deliver, has };
}

const images = (job: JobId) => [paths.image(TENANT, job, 'front'), paths.image(TENANT, job, 'back')];

describe('the announcement of an outcome', () => {
  let here: Awaited<ReturnType<typeof world>>;
  beforeEach(async () => {
    here = await world();
  });

  it('closes the generation although the images cannot be deleted, and a sweep deletes them later', async () => {
    const { clock, context, failing, job, ledger, run, has, queued } = here;
    failing.push({ operation: 'delete', name: /\.image$/ });
    const work = await run();
    await conclude(context, work, { state: 'cancelled' });
    expect(await announce(context, work)).toMatchObject({ state: 'cancelled' });
    expect(queued).toHaveLength(1);
    expect((await ledger.jobs.inventory(TENANT, job)).open).toEqual([]);
    expect(images(job).map(has)).toEqual([true, true]);
    // Another process, which has only the ledger.
    const retention = createRetention(context);
    await retention.sweepDue();
    expect(images(job).map(has)).toEqual([true, true]);
    failing.length = 0;
    clock.advance(600_000);
    await retention.sweepDue();
    expect(images(job).map(has)).toEqual([false, false]);
    expect(await Array.fromAsync(ledger.jobs.schedule.until(clock.now()))).toEqual([]);
    expect(queued).toHaveLength(1);
  });

  it.each([
    ['the images and the due name', [/\.image$/, /^due\//]],
    ['the name in the lists', [/^index\//]],
    ['the marker of the generation', [/^pending\//]],
  ])('owes a delivered event no more when %s fail, however often it is repeated', async (_, names) => {
    const { context, failing, run, deliver, ledger, ref, queued, store } = here;
    for (const name of names) failing.push({ operation: 'put', name }, { operation: 'delete', name });
    const first = await run();
    await conclude(context, first, { state: 'cancelled' });
    await expect(announce(context, first)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(queued.map(({ repeated }) => repeated)).toEqual([false]);
    await deliver();
    for (let times = 0; times < 3; times++) {
      await expect(announce(context, await run())).rejects.toMatchObject({ code: 'store_unavailable' });
    }
    failing.length = 0;
    expect(await announce(context, await run())).toMatchObject({ state: 'cancelled' });
    expect(queued).toHaveLength(1);
    expect(await ledger.jobs.markers.isOwed(ref)).toBe(false);
    expect([...store.objects.keys()].filter((name) => /^pending|\.image$/.test(name))).toEqual([]);
  });

  it('owes an event without a record again, and makes the worker look for one before it sends', async () => {
    const { context, failing, run, ledger, ref, queued } = here;
    failing.push({ operation: 'delete', name: /^pending\// });
    const first = await run();
    await conclude(context, first, { state: 'cancelled' });
    await expect(announce(context, first)).rejects.toThrow();
    await expect(announce(context, await run())).rejects.toThrow();
    expect(queued.map(({ repeated }) => repeated)).toEqual([false, true]);
    expect(await ledger.jobs.markers.isOwed(ref)).toBe(true);
  });
});
