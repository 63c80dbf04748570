/** A recovery sends the requested deliveries even when other jobs are broken. */
import { ManualClock } from '@cardseal/base/clock';
import { TransientError } from '@cardseal/base/errors';
import { type JobId, newJobId } from '@cardseal/core/job';
import { createLedger, paths } from '@cardseal/core/ledger';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { describe, expect, it } from 'vitest';
import type { WorkerContext } from '../context.ts';
import { recover } from './recovery.ts';

const TENANT = 'bank';
const ENDPOINT = 'we_00000000000000000000000001';
const NOW_MS = Date.UTC(2026, 0, 2);
const REF = { tenant: TENANT, endpoint: ENDPOINT, id: 'rec_1' };
const signal = new AbortController().signal;

async function world() {
  const store = memoryObjectStore();
  const clock = new ManualClock(NOW_MS);
  const away = new Set<string>();
  const watched = {
    ...store,
    get: async (key: string) => {
      if (away.has(key)) throw new TransientError('store_unavailable');
      return store.get(key);
    },
  };
  const ledger = createLedger({ store: watched, master: localMasterKey(Buffer.alloc(32, 1)), clock });
  const endpoint = { url: 'https://r.example/', events: null, payload: 'full', state: 'enabled', createdAtMs: 0 };
  await ledger.tenants.endpoints.create(TENANT, ENDPOINT, {
    ...endpoint,
    publicKey: null,
    headers: {},
    secrets: [],
  } as never);
  const jobs: JobId[] = [];
  for (let at = 0; at < 3; at++) {
    const job = newJobId(NOW_MS - 10_000 + at);
    const sealed = await ledger.jobs.start(TENANT, job);
    await sealed.commit({ v: 1, job, tenant: TENANT, reference: null, endpointIds: null, sides: ['front'] } as never);
    const ended = { v: 1, generation: 1, state: 'succeeded', code: '-', full: '{}', reference: '{}' };
    await sealed.decide({ ...ended, atMs: NOW_MS - 5000 } as never);
    await ledger.jobs.listing.finished(TENANT, job, null, { generation: 1, state: 'succeeded', code: '-' });
    jobs.push(job);
  }
  const owed: string[] = [];
  const told: string[] = [];
  const context = {
    clock,
    ledger,
    metrics: { count: () => {} },
    log: { error: (event: string, { job_id }: { job_id: string }) => told.push(`${event} ${job_id}`), info: () => {} },
    jobQueue: {
      queues: () => ({ deliver: { getJob: async () => undefined } }),
      addDeliveries: async (due: { ref: { job: string } }[]) => owed.push(...due.map(({ ref }) => ref.job)),
    },
  } as unknown as WorkerContext;
  return { store, ledger, context, jobs, owed, told, away };
}

const SINCE = { kind: 'since', sinceMs: NOW_MS - 60_000, untilMs: NOW_MS } as const;
const PARKED = { kind: 'parked', sinceMs: 0, untilMs: NOW_MS } as const;

describe('a recovery', () => {
  it('of a span of time skips an outcome that does not open, and completes', async () => {
    const { store, ledger, context, jobs, owed, told } = await world();
    await ledger.deliveries.recoveries.start(REF, SINCE);
    await store.put(paths.outcome(TENANT, jobs[1]!, 1), Buffer.from('garbage'));
    await recover(context, REF, signal);
    expect(owed.toSorted()).toEqual([jobs[0], jobs[2]].toSorted());
    expect(told).toEqual([`walk.stuck ${jobs[1]}`]);
    expect(await ledger.deliveries.recoveries.read(REF)).toBeNull();
  });

  it('of parked deliveries skips a record that does not open, and leaves it parked', async () => {
    const { store, ledger, context, jobs, owed, told } = await world();
    await ledger.deliveries.recoveries.start(REF, PARKED);
    const refs = jobs.map((job) => ({ tenant: TENANT, job, generation: 1, endpoint: ENDPOINT }));
    for (const ref of refs) await ledger.jobs.markers.park(ref);
    await store.put(paths.deliveryAttempt(refs[0]!, 1), Buffer.from('{"cut'));
    await recover(context, REF, signal);
    expect(owed.toSorted()).toEqual([jobs[1], jobs[2]].toSorted());
    expect(told).toEqual([`walk.stuck ${jobs[0]}`]);
    const parked = await Array.fromAsync(ledger.jobs.markers.parked(TENANT, ENDPOINT));
    expect(parked.map(({ job }) => job)).toEqual([jobs[0]]);
  });

  it('stays open while the store has no record of the endpoint, and ends when the record says deleted', async () => {
    const { store, ledger, context, owed } = await world();
    await ledger.deliveries.recoveries.start(REF, SINCE);
    const [record] = (await store.list(paths.record('endpoints', TENANT, ENDPOINT))).keys;
    const bytes = (await store.get(record!))!;
    await store.delete([record!]);
    await expect(recover(context, REF, signal)).rejects.toMatchObject({ code: 'endpoint_record_missing' });
    expect(await ledger.deliveries.recoveries.read(REF)).not.toBeNull();
    await store.put(record!, bytes);
    await ledger.tenants.endpoints.change(TENANT, ENDPOINT, (value) => ({ ...value, state: 'deleted' }));
    await recover(context, REF, signal);
    expect([owed, await ledger.deliveries.recoveries.read(REF)]).toEqual([[], null]);
  });

  it('reports the job whose key is lost, and does not take it for delivered', async () => {
    const { store, ledger, context, jobs, owed, told } = await world();
    await ledger.deliveries.recoveries.start(REF, SINCE);
    await store.delete([paths.jobKey(TENANT, jobs[1]!)]);
    await recover(context, REF, signal);
    expect(owed.toSorted()).toEqual([jobs[0], jobs[2]].toSorted());
    expect(told).toEqual([`walk.stuck ${jobs[1]}`]);
  });

  it('ends at a transient error and stays requested', async () => {
    const { ledger, context, jobs, told, away } = await world();
    await ledger.deliveries.recoveries.start(REF, SINCE);
    away.add(paths.outcome(TENANT, jobs[1]!, 1));
    await expect(recover(context, REF, signal)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(told).toEqual([]);
    expect(await ledger.deliveries.recoveries.read(REF)).not.toBeNull();
  });
});
