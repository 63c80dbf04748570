import { ManualClock } from '@cardseal/base/clock';
import { TransientError } from '@cardseal/base/errors';
import { type JobId, newId } from '@cardseal/core/job';
import {
  type BatchId,
  createLedger,
  type DeliveryRef,
  ERASURE_GENERATION,
  paths,
  SYSTEM_TENANT,
} from '@cardseal/core/ledger';
import { deliverJobId, type EndpointLimits, type JobQueue, recognizeJobId } from '@cardseal/core/queue';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { describe, expect, it } from 'vitest';
import { countFindings, countUnrepaired, examine } from './examine.ts';

const TENANT = 'bank';
/** The queue functions that the doctor uses. `waiting` holds the entries that the queue lists. */
function queueOf(states: Map<string, string>, waiting: object[] = [], added: object[] = []) {
  const getJobState = async (id: string) => states.get(id) ?? 'unknown';
  const remove = async (id: string) => void states.delete(id);
  const getJob = async (id: string) => (states.has(id) ? { id, remove: () => remove(id) } : undefined);
  const queue = { getJobState, getJob, getJobs: async () => [] };
  const getJobs = async ([state]: string[]) => (state === 'waiting' ? waiting : []);
  return {
    queues: () => ({ recognize: { ...queue, getJobs }, deliver: queue }),
    addDeliveries: async (due: { ref: DeliveryRef }[]) => {
      added.push(...due);
      for (const { ref } of due) states.set(deliverJobId(ref), 'waiting');
    },
    addCards: async (cards: { job: string; generation: number }[]) => {
      for (const { job, generation } of cards) states.set(`${job}-${generation}`, 'waiting');
    },
  } as unknown as JobQueue;
}

/** A clock whose `sleep` returns at once. */
const awake = (clock: ManualClock) => ({ now: () => clock.now(), sleep: async () => {} });

async function world() {
  const clock = new ManualClock(3_600_000);
  const store = memoryObjectStore();
  const ledger = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 1)), clock });
  // Creation times in milliseconds: 1, 2, 3, and one second before now.
  await ledger.tenants.records.create(SYSTEM_TENANT, TENANT, { name: 'A bank', createdAtMs: 0 });
  const times = ['0000000001', '0000000002', '0000000003', '000003DTMR'];
  const ids = times.map((time): JobId => `job_${time}0000000000000000`);
  const [known, lost, accident, young] = ids as [JobId, JobId, JobId, JobId];
  for (const job of ids) {
    await ledger.jobs.markers.openGeneration(TENANT, job, 1, null);
    if (job === accident || job === young) continue;
    const sealed = await ledger.jobs.start(TENANT, job);
    await sealed.putImage('front', Buffer.from('an image'));
    await sealed.commit({ tenant: TENANT, job, sides: ['front'], priority: 'bulk', createdAtMs: 1 } as never);
  }
  const states = new Map([[recognizeJobId(known, 1), 'delayed']]);
  const waiting: object[] = [];
  const added: object[] = [];
  const jobQueue = queueOf(states, waiting, added);
  const lookAt = (fix: boolean, from = ledger) =>
    examine({ ledger: from, jobQueue, endpointLimits: {} as EndpointLimits, clock: awake(clock), fix, hours: 1 });
  const look = (fix: boolean) => lookAt(fix);
  /** The ledger of another process, with some store operations replaced. */
  const over = (differs: Partial<Store>) =>
    createLedger({ store: { ...store, ...differs }, master: localMasterKey(Buffer.alloc(32, 1)), clock });
  return { states, look, lookAt, over, waiting, added, known, lost, accident, young, store, ledger };
}

type Store = ReturnType<typeof memoryObjectStore>;
const LOSSES: Record<
  string,
  { lose(store: Store, job: JobId): Promise<void>; finding: 'unreadable' | 'missing_records' }
> = {
  'its key': { lose: (store, job) => store.delete([paths.jobKey(TENANT, job)]), finding: 'unreadable' },
  'its request': { lose: (store, job) => store.delete([paths.request(TENANT, job)]), finding: 'missing_records' },
  'its image': { lose: (store, job) => store.delete([paths.image(TENANT, job, 'front')]), finding: 'missing_records' },
  'a broken key': {
    lose: (store, job) => store.put(paths.jobKey(TENANT, job), Buffer.from('x')),
    finding: 'unreadable',
  },
  'a broken request': {
    lose: (store, job) => store.put(paths.request(TENANT, job), Buffer.from('x')),
    finding: 'unreadable',
  },
  'a broken image': {
    lose: (store, job) => store.put(paths.image(TENANT, job, 'front'), Buffer.from('x')),
    finding: 'unreadable',
  },
  'a broken reply': {
    lose: (store, job) => store.put(paths.reply(TENANT, job, 'front'), Buffer.from('x')),
    finding: 'unreadable',
  },
  'a broken outcome': {
    lose: (store, job) => store.put(paths.outcome(TENANT, job, 1), Buffer.from('x')),
    finding: 'unreadable',
  },
};

describe('doctor', () => {
  it('lists work of the ledger that is not in the queue, and changes nothing', async () => {
    const { states, look, lost, accident, young } = await world();
    const report = await look(false);
    expect(report).toMatchObject({
      pending: 4,
      missing_cards: [recognizeJobId(lost, 1)],
      uncommitted: [accident, young].map((job) => recognizeJobId(job, 1)),
      fixed: false,
    });
    expect([countFindings(report), states.size]).toEqual([3, 1]);
  });

  it('queues it with --fix, and finds nothing afterwards', async () => {
    const { look, store, accident, young } = await world();
    const first = await look(true);
    // Only workers withdraw an interrupted submit, so it remains a finding until then.
    const left = [accident, young].map((job) => recognizeJobId(job, 1));
    expect([first.fixed, first.left_to_workers, countUnrepaired(first)]).toEqual([true, left, 2]);
    await store.delete((await store.list('pending/')).keys.filter((name) => /JOB_0+3|DTMR/i.test(name)));
    const second = await look(false);
    expect([second.pending, countFindings(second), countUnrepaired(second)]).toEqual([2, 0, 0]);
  });

  it('lists abandoned jobs, queues a decided one again, and leaves an undecided one to the workers', async () => {
    const { states, look, known, lost, ledger } = await world();
    states.set(recognizeJobId(known, 1), 'failed').set(recognizeJobId(lost, 1), 'completed');
    const outcome = { v: 1, generation: 1, state: 'succeeded', code: '-', full: '{}', reference: '{}', atMs: 1 };
    await (await ledger.jobs.open(TENANT, known))!.decide(outcome as never);
    const abandoned = [known, lost].map((job) => recognizeJobId(job, 1));
    const before = await look(false);
    expect(before.abandoned_cards.toSorted()).toEqual(abandoned);
    expect(countUnrepaired(before)).toBe(4);
    const fixed = await look(true);
    expect(fixed.left_to_workers).toContain(recognizeJobId(lost, 1));
    expect([...states]).toEqual([
      [recognizeJobId(lost, 1), 'completed'],
      [recognizeJobId(known, 1), 'waiting'],
    ]);
    expect(countUnrepaired(fixed)).toBe(3);
  });

  it('opens what queued jobs need, and does not repair what is lost', async () => {
    for (const [what, { lose, finding }] of Object.entries(LOSSES)) {
      const { states, store, look, known, accident, young } = await world();
      await store.delete(
        (await store.list('pending/')).keys.filter((name) => [accident, young].some((job) => name.includes(job))),
      );
      states.set(recognizeJobId(known, 1), 'waiting');
      await look(true);
      await lose(store, known);
      const report = await look(false);
      expect([report[finding], countFindings(report)], what).toEqual([[expect.stringContaining(known)], 1]);
      expect(countUnrepaired(await look(true)), what).toBe(1);
      expect(states.get(recognizeJobId(known, 1))).toBe('waiting');
    }
  });

  it('lists what does not open, and continues with the rest', async () => {
    const { store, states, look, known, lost, accident, young } = await world();
    await store.delete(
      (await store.list('pending/')).keys.filter((name) => [accident, young].some((job) => name.includes(job))),
    );
    states.clear();
    await store.delete([`keys/${TENANT}/${known}`]);
    const report = await look(true);
    expect(report.unreadable).toEqual([recognizeJobId(known, 1)]);
    expect(report.missing_cards).toEqual([recognizeJobId(lost, 1)]);
    expect(countFindings(await look(false))).toBe(1);
  });
});

describe('doctor with --fix', () => {
  it('keeps a queued job without an outcome, although its marker is absent', async () => {
    const { states, look, waiting, known, ledger } = await world();
    const id = recognizeJobId(known, 1);
    await ledger.jobs.markers.closeGeneration(TENANT, known, 1, null);
    const remove = async () => void states.delete(id);
    waiting.push({ id, data: { tenant: TENANT, job: known, generation: 1 }, getState: async () => 'waiting', remove });
    const report = await look(true);
    expect(report).toMatchObject({ stale_cards: [], missing_records: [`pending/${TENANT}/${id}`] });
    expect(states.has(id)).toBe(true);
    const outcome = { v: 1, generation: 1, state: 'succeeded', code: '-', full: '{}', reference: '{}', atMs: 1 };
    await (await ledger.jobs.open(TENANT, known))!.decide(outcome as never);
    expect((await look(true)).stale_cards).toEqual([id]);
    expect(states.has(id)).toBe(false);
  });

  it('continues after an erasure that the store does not complete, and leaves it to the workers', async () => {
    const { states, lookAt, over, known, lost, ledger } = await world();
    states.clear();
    await ledger.jobs.markers.openGeneration(TENANT, known, ERASURE_GENERATION, null);
    const stuck = over({
      delete: async () => {
        throw new TransientError('store_unavailable');
      },
    });
    const report = await lookAt(true, stuck);
    expect(report.left_to_workers).toContain(recognizeJobId(known, ERASURE_GENERATION));
    expect(report.missing_cards).toContain(recognizeJobId(lost, 1));
    expect(await ledger.jobs.erasures.tombstone(TENANT, known)).not.toBeNull();
  });

  it('continues after records that the store lists but does not have', async () => {
    const { store, lookAt, over, known, lost, ledger } = await world();
    const ref: DeliveryRef = { tenant: TENANT, job: known, generation: 1, endpoint: 'we_1' };
    await ledger.tenants.endpoints.create(TENANT, 'we_1', { url: 'https://r.example/', state: 'enabled' } as never);
    await ledger.jobs.markers.owe(ref);
    const absent = over({ get: async (name) => (/^(endpoints|tenants)\//.test(name) ? null : store.get(name)) });
    const report = await lookAt(true, absent);
    expect(report.missing_cards).toEqual([recognizeJobId(lost, 1)]);
    expect(report.unreadable).toEqual([deliverJobId(ref), TENANT]);
  });
});

describe('doctor and deliveries', () => {
  const ENDPOINT = 'we_00000000000000000000000001';

  async function owed() {
    const { store, states, look, added, known, lost, accident, young, ledger } = await world();
    await store.delete(
      (await store.list('pending/')).keys.filter((name) =>
        [accident, young, lost, known].some((job) => name.includes(job)),
      ),
    );
    const record = { url: 'https://r.example/', events: null, payload: 'full', state: 'enabled', createdAtMs: 0 };
    await ledger.tenants.endpoints.create(TENANT, ENDPOINT, record as never);
    const outcome = { v: 1, generation: 1, state: 'succeeded', code: '-', full: '{}', reference: '{}', atMs: 1 };
    await (await ledger.jobs.open(TENANT, known))!.decide(outcome as never);
    await ledger.jobs.listing.finished(TENANT, known, null, { generation: 1, state: 'succeeded', code: '-' });
    const ref: DeliveryRef = { tenant: TENANT, job: known, generation: 1, endpoint: ENDPOINT };
    await ledger.jobs.markers.owe(ref);
    states.set(deliverJobId(ref), 'waiting');
    return { store, states, look, added, ledger, ref, known };
  }

  it('queues an attempted delivery so that the worker reads its record before it sends', async () => {
    const { states, look, added, ref } = await owed();
    states.clear();
    expect((await look(true)).missing_deliveries).toEqual([deliverJobId(ref)]);
    expect(added).toEqual([{ ref, repeated: true }]);
  });

  it('keeps pending deliveries of an endpoint without a record, and lists the record', async () => {
    const { store, look, ledger, ref } = await owed();
    const only = async () => countFindings(await look(false));
    expect(await only()).toBe(0);
    await store.delete((await store.list(paths.record('endpoints', TENANT, ENDPOINT))).keys);
    const report = await look(true);
    expect(report).toMatchObject({ missing_records: [`endpoints/${TENANT}/${ENDPOINT}/`], orphan_markers: [] });
    expect([countUnrepaired(report), await ledger.jobs.markers.isOwed(ref)]).toEqual([1, true]);
  });

  it('settles pending deliveries of a deleted endpoint', async () => {
    const { look, ledger, ref } = await owed();
    await ledger.tenants.endpoints.change(TENANT, ENDPOINT, (value) => ({ ...value, state: 'deleted' }));
    expect(await look(true)).toMatchObject({ orphan_markers: [deliverJobId(ref)], missing_records: [] });
    expect(await ledger.jobs.markers.isOwed(ref)).toBe(false);
  });

  it('opens the outcome and the notice of pending deliveries', async () => {
    const { store, look, ledger, ref, known } = await owed();
    const notice = { ...ref, job: 'evt_00000000000000000000000001' as const };
    await ledger.jobs.markers.owe(notice);
    await store.put(paths.outcome(TENANT, known, 1), Buffer.from('x'));
    const report = await look(true);
    expect(report).toMatchObject({
      missing_records: [`notices/${TENANT}/${notice.job}`],
      unreadable: [deliverJobId(ref)],
      missing_deliveries: [deliverJobId(notice)],
      orphan_markers: [],
    });
    expect(countUnrepaired(report)).toBe(2);
    await store.delete([paths.outcome(TENANT, known, 1)]);
    expect((await look(true)).missing_records).toContain(paths.outcome(TENANT, known, 1));
    expect(await ledger.jobs.markers.isOwed(ref)).toBe(true);
  });

  it('lists a tenant without a record', async () => {
    const { store, look } = await owed();
    await store.delete((await store.list(paths.record('tenants', SYSTEM_TENANT, TENANT))).keys);
    expect((await look(false)).missing_records).toEqual([`tenants/${SYSTEM_TENANT}/${TENANT}/`]);
  });
});

describe('doctor and batches', () => {
  async function batches() {
    const clock = new ManualClock(3_600_000);
    const store = memoryObjectStore();
    const ledger = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 1)), clock });
    await ledger.tenants.records.create(SYSTEM_TENANT, TENANT, { name: 'A bank', createdAtMs: 0 });
    const look = (fix: boolean) =>
      examine({ ledger, jobQueue: queueOf(new Map()), endpointLimits: {} as EndpointLimits, clock, fix, hours: 1 });
    const begin = async () => {
      const manifest = await ledger.intake.batches.begin(TENANT, newId('batch', clock.now()) as BatchId);
      await manifest.put([{ line: 1, request: {} }]);
      return manifest;
    };
    const commit = async () => {
      const manifest = await begin();
      await manifest.commit({ createdAtMs: clock.now(), apiKeyId: 'k', lines: 1, blank: [], rejected: [] });
      return manifest.opened;
    };
    return { ledger, look, begin, commit };
  }

  it('has no findings for batches that are arriving, running or finished', async () => {
    const { ledger, look, begin, commit } = await batches();
    await begin();
    await commit();
    const expanded = await commit();
    await ledger.intake.batches.setExpanded(TENANT, expanded.id);
    await ledger.intake.batches.dropLines(expanded);
    const cancelled = await commit();
    await ledger.intake.batches.askToCancel(TENANT, cancelled.id);
    await ledger.intake.batches.dropLines(cancelled);
    const ended = await commit();
    await ledger.intake.batches.end(TENANT, ended.id, { state: 'completed', atMs: 1, counts: {} });
    await ledger.intake.batches.close(ended);
    await ledger.intake.batches.withdraw((await begin()).opened);
    expect(countFindings(await look(false))).toBe(0);
  });

  it('restores the marker of an unfinished batch', async () => {
    const { ledger, look, commit } = await batches();
    const round = await commit();
    await ledger.intake.batches.close(round);
    expect(await look(false)).toMatchObject({ unseen_batches: [round.id], batches_without_lines: [] });
    expect(countUnrepaired(await look(true))).toBe(0);
    expect(await Array.fromAsync(ledger.intake.batches.open())).toEqual([round]);
    expect(countFindings(await look(false))).toBe(0);
  });

  it('lists a batch whose lines are missing as not repaired', async () => {
    const { ledger, look, commit } = await batches();
    const round = await commit();
    await ledger.intake.batches.dropLines(round);
    expect(await look(false)).toMatchObject({ batches_without_lines: [round.id] });
    expect(countUnrepaired(await look(true))).toBe(1);
  });
});
