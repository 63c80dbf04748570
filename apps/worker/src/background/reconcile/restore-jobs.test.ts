/** One broken object of one tenant must not keep the jobs of all others out of the queue. */
import { createStallDetector } from '@cardseal/base/clock';
import { TransientError } from '@cardseal/base/errors';
import { type JobId, type JobRequest, newJobId } from '@cardseal/core/job';
import { createLedger, ERASURE_GENERATION, paths } from '@cardseal/core/ledger';
import { eraseJob } from '@cardseal/core/use-cases';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { describe, expect, it } from 'vitest';
import type { WorkerContext } from '../../context.ts';
import { createSubmissionSweep, SAME_FOR_MS } from './pending-submissions.ts';
import { restoreUndelivered } from './restore-deliveries.ts';
import { restorePending } from './restore-jobs.ts';

const clock = { now: () => Date.UTC(2026, 0, 1), sleep: async () => {} };

async function world() {
  const store = memoryObjectStore();
  const away = new Set<string>();
  const shared = {
    ...store,
    get: async (key: string) => {
      if (away.has(key)) throw new TransientError('key_service_unavailable');
      return store.get(key);
    },
  };
  const ledger = createLedger({ store: shared, master: localMasterKey(Buffer.alloc(32, 1)), clock });
  const jobs: Record<'aaa' | 'bbb' | 'ccc', JobId> = { aaa: newJobId(1), bbb: newJobId(2), ccc: newJobId(3) };
  for (const [tenant, job] of Object.entries(jobs)) {
    await ledger.jobs.markers.openSubmit(tenant, job, null);
    const sealed = await ledger.jobs.start(tenant, job);
    await sealed.commit({ tenant, job, sides: ['front'], priority: 'bulk', endpointIds: null } as JobRequest);
    await ledger.jobs.markers.owe({ tenant, job, generation: 1, endpoint: 'we_1' });
  }
  const added: string[] = [];
  const removed: string[] = [];
  const told: { event: string; job_id?: string; code?: string }[] = [];
  const queue = {
    getJobState: async () => 'unknown',
    remove: async (id: string) => void removed.push(id),
  };
  const context = {
    clock,
    ledger,
    metrics: { count: () => {} },
    log: {
      error: (event: string, fields: object) => told.push({ event, ...fields }),
      warn: () => {},
    },
    jobQueue: {
      queues: () => ({ recognize: queue, deliver: queue }),
      addCards: async (cards: { job: string; restored?: boolean }[]) => {
        // The worker that gets such a job must know that another worker may be processing it.
        expect(cards.every(({ restored }) => restored)).toBe(true);
        added.push(...cards.map(({ job }) => job));
      },
      addDeliveries: async (due: { ref: { job: string } }[]) => void added.push(...due.map(({ ref }) => ref.job)),
      announceFinished: async () => {},
    },
  } as unknown as WorkerContext;
  return { store, ledger, jobs, context, added, removed, told, away };
}

describe('a scan of the markers', () => {
  it('continues after a broken key and logs its tenant', async () => {
    const { store, jobs, context, added, told } = await world();
    await store.put(paths.jobKey('aaa', jobs.aaa), Buffer.from('garbage'));
    expect(await restorePending(context)).toBe(2);
    expect(added).toEqual([jobs.bbb, jobs.ccc]);
    expect(told).toMatchObject([{ event: 'walk.stuck', tenant: 'aaa', job_id: jobs.aaa }]);
  });

  it('treats a missing key as a fault, not as a job that never existed', async () => {
    const { store, jobs, context, added, told } = await world();
    await store.delete([paths.jobKey('bbb', jobs.bbb)]);
    expect(await restorePending(context)).toBe(2);
    expect(added).not.toContain(jobs.bbb);
    expect(told).toMatchObject([{ job_id: jobs.bbb, code: 'job_key_missing' }]);
    expect(await store.get(paths.request('bbb', jobs.bbb))).not.toBeNull();
    expect((await store.list(paths.pendingOf('bbb', jobs.bbb))).keys).toHaveLength(1);
  });

  it('reads all other jobs before it reports that one was unavailable', async () => {
    const { jobs, context, added, told, away } = await world();
    away.add(paths.jobKey('bbb', jobs.bbb));
    await expect(restorePending(context)).rejects.toMatchObject({ code: 'key_service_unavailable' });
    expect([added, told]).toEqual([[jobs.aaa, jobs.ccc], []]);
  });

  it('ends at once when all items fail with a transient error', async () => {
    const { jobs, context, added, away } = await world();
    for (const [tenant, job] of Object.entries(jobs)) away.add(paths.jobKey(tenant, job));
    await expect(restorePending(context)).rejects.toMatchObject({ code: 'key_service_unavailable' });
    expect(added).toEqual([]);
  });

  it('completes although the keys of one tenant are wrapped with a missing master key', async () => {
    const { store, ledger, jobs, context, added, told } = await world();
    const second = newJobId(4);
    await ledger.jobs.markers.openSubmit('aaa', second, null);
    const sealed = await ledger.jobs.start('aaa', second);
    await sealed.commit({ tenant: 'aaa', job: second, sides: ['front'], priority: 'bulk' } as JobRequest);
    for (const tenant of ['bbb', 'ccc'] as const) await store.delete([paths.pending(tenant, jobs[tenant], 1, '-')]);
    const elsewhere = localMasterKey(Buffer.alloc(32, 9));
    const { wrapped } = await elsewhere.make({ tenant: 'aaa', object: 'tenant-key.1' });
    await store.put(paths.tenantKey('aaa'), wrapped);
    const fresh = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 1)), clock });
    const walk = () => restorePending({ ...context, ledger: fresh });
    expect(await walk()).toBe(0);
    expect(told.map(({ job_id, code }) => `${job_id} ${code}`)).toEqual([
      `${jobs.aaa} key_service_unknown_key`,
      `${second} key_service_unknown_key`,
    ]);
    await fresh.jobs.markers.openSubmit('bbb', jobs.bbb, null);
    expect(await walk()).toBe(1);
    expect(added).toEqual([jobs.bbb]);
  });

  it('puts deliveries back and skips a broken record', async () => {
    const { store, jobs, context, added, told } = await world();
    const ref = { tenant: 'aaa', job: jobs.aaa, generation: 1, endpoint: 'we_1' };
    await store.put(paths.deliveryAttempt(ref, 1), Buffer.from('{"cut'));
    expect(await restoreUndelivered(context)).toBe(2);
    expect(added).toEqual([jobs.bbb, jobs.ccc]);
    expect(told).toMatchObject([{ event: 'walk.stuck', job_id: jobs.aaa }]);
  });
});

/** The state that a worker or a retry leaves, and an interrupted submit never does. */
const PROOFS: Record<string, (tenant: string, job: JobId) => string> = {
  'a reply': (tenant, job) => paths.reply(tenant, job, 'front'),
  'a portrait': (tenant, job) => paths.crop(tenant, job, 'front', 'portrait'),
  'an outcome': (tenant, job) => paths.outcome(tenant, job, 1),
  'an encrypted event': (tenant, job) => paths.event(tenant, job, 1, 'we_1'),
  'a closed retry window': (tenant, job) => paths.windowClosed(tenant, job),
  'a second generation': (tenant, job) => paths.pending(tenant, job, 2, '-'),
};

describe('a request that the store lost', () => {
  it.each(Object.keys(PROOFS))('beside %s is a fault: nothing is ever cleared', async (proof) => {
    const { store, jobs, context, told } = await world();
    await store.put(PROOFS[proof]!('aaa', jobs.aaa), Buffer.from('sealed'));
    await store.delete([paths.request('aaa', jobs.aaa)]);
    const before = [...store.objects.keys()];
    const passed = { ms: 0 };
    const submits = createSubmissionSweep(context, createStallDetector({ forMs: SAME_FOR_MS, nowMs: () => passed.ms }));
    for (let turn = 0; turn < 4; turn++) {
      await restorePending(context, submits);
      passed.ms += SAME_FOR_MS;
    }
    expect([...store.objects.keys()]).toEqual(before);
    expect(new Set(told.map(({ code }) => code))).toEqual(new Set(['job_request_missing']));
    await expect(context.ledger.jobs.pendingSubmissions.withdraw('aaa', jobs.aaa)).rejects.toMatchObject({
      code: 'job_request_missing',
    });
  });

  it('with nothing but images and a key is an interrupted submit, and is withdrawn', async () => {
    const { store, jobs, context } = await world();
    await store.put(paths.image('aaa', jobs.aaa, 'front'), Buffer.from('sealed'));
    await store.delete([paths.request('aaa', jobs.aaa)]);
    const passed = { ms: 0 };
    const submits = createSubmissionSweep(context, createStallDetector({ forMs: SAME_FOR_MS, nowMs: () => passed.ms }));
    for (let turn = 0; turn < 5; turn++) {
      await restorePending(context, submits);
      passed.ms += SAME_FOR_MS;
    }
    const left = [...store.objects.keys()].filter(
      (name) => name.includes(jobs.aaa) && !name.startsWith('undelivered/'),
    );
    expect(left).toEqual([]);
  });

  it('keeps its marker after BullMQ gave up on the job', async () => {
    const { store, jobs, context, told } = await world();
    await store.put(paths.reply('aaa', jobs.aaa, 'front'), Buffer.from('sealed'));
    await store.delete([paths.request('aaa', jobs.aaa)]);
    const { recognize } = context.jobQueue.queues();
    Object.assign(recognize, { getJobState: async () => 'completed', getJob: async () => undefined });
    Object.assign(context, { endpoints: { list: async () => [] } });
    await restorePending(context);
    expect((await store.list(paths.pendingOf('aaa', jobs.aaa))).keys).toHaveLength(1);
    expect(told).toContainEqual(
      expect.objectContaining({ event: 'reconcile.abandoned_stuck', code: 'job_request_missing' }),
    );
  });

  it('does not stop a requested erasure, and neither does a lost key', async () => {
    const { store, ledger, jobs, context } = await world();
    await store.put(paths.outcome('aaa', jobs.aaa, 1), Buffer.from('sealed'));
    await store.delete([paths.request('aaa', jobs.aaa), paths.jobKey('bbb', jobs.bbb)]);
    for (const [tenant, job] of [
      ['aaa', jobs.aaa],
      ['bbb', jobs.bbb],
    ] as const) {
      await ledger.jobs.markers.openGeneration(tenant, job, ERASURE_GENERATION, null);
    }
    await restorePending(context);
    for (const [tenant, job] of [
      ['aaa', jobs.aaa],
      ['bbb', jobs.bbb],
    ] as const) {
      expect(await ledger.jobs.erasures.tombstone(tenant, job)).toMatchObject({ reason: 'request' });
      expect((await store.list(paths.pendingOf(tenant, job))).keys).toEqual([]);
    }
  });
});

describe('an erasure', () => {
  it('deletes a job whose key is broken, its entries in both queues, and requests for another attempt', async () => {
    const { store, ledger, jobs, context, removed } = await world();
    const ref = { tenant: 'aaa', job: jobs.aaa, generation: 1, endpoint: 'we_1' };
    await ledger.jobs.markers.askAgain(ref);
    await store.put(paths.jobKey('aaa', jobs.aaa), Buffer.from('garbage'));
    await eraseJob(context, 'aaa', jobs.aaa, 'request');
    expect(removed).toEqual([`${jobs.aaa}-1-we_1`, `${jobs.aaa}-1`]);
    const left = [...store.objects.keys()].filter((name) => name.includes(jobs.aaa) && !name.startsWith('index/'));
    expect(left.map((name) => name.split('/')[0]).sort()).toEqual(['due', 'erasures', 'jobs']);
    expect(left).toContain(paths.tombstone('aaa', jobs.aaa));
  });
});
