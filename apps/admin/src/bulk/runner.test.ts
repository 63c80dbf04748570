import { type Clock, systemClock } from '@cardseal/base/clock';
import { encodeCheckpoint, type JobId, newJobId } from '@cardseal/core/job';
import { createLedger, type Ledger, paths, SYSTEM_TENANT } from '@cardseal/core/ledger';
import { silentLog } from '@cardseal/core/log';
import type { Card } from '@cardseal/core/queue';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { describe, expect, it } from 'vitest';
import { createBulkRunner } from './runner.ts';
import { dryRun } from './selection.ts';

const TENANT = 'bank';

async function failedJob(ledger: Ledger, code: string, atMs = Date.now()): Promise<JobId> {
  const job = newJobId(atMs);
  await ledger.jobs.markers.openGeneration(TENANT, job, 1, null);
  const sealed = await ledger.jobs.start(TENANT, job);
  await sealed.putImage('front', Buffer.from('picture'));
  const request = { v: 1, job, tenant: TENANT, nonce: job, createdAtMs: atMs, sides: ['front'], reference: null };
  await sealed.commit({ ...request, metadata: {}, priority: 'bulk' } as never);
  await endAsFailed(ledger, job, 1, code, atMs);
  return job;
}

async function endAsFailed(ledger: Ledger, job: JobId, generation: number, code: string, atMs = Date.now()) {
  const sealed = (await ledger.jobs.open(TENANT, job))!;
  await sealed.decide({ v: 1, generation, state: 'failed', code, atMs, eventId: 'msg', full: '{}', reference: '{}' });
  await ledger.jobs.listing.finished(TENANT, job, null, { generation, state: 'failed', code });
  await ledger.jobs.markers.closeGeneration(TENANT, job, generation, null);
}

function setUp() {
  const store = memoryObjectStore();
  const ledger = createLedger({
    store,
    master: localMasterKey(Buffer.alloc(32, 7)),
    clock: systemClock,
  });
  const added: Card[] = [];
  const leases = new Map<string, string>();
  const redis = {
    status: 'ready',
    async set(key: string, value: string) {
      if (leases.has(key)) return null;
      leases.set(key, value);
      return 'OK';
    },
    get: async (key: string) => leases.get(key) ?? null,
    pexpire: async () => 1,
  };
  const onAdd: { seen: (card: Card) => void | Promise<void> }[] = [];
  const jobQueue = {
    async addCards(cards: readonly Card[]) {
      for (const card of cards) {
        added.push(card);
        for (const one of onAdd) await one.seen(card);
      }
    },
  };
  const runner = (clock: Clock = systemClock) =>
    createBulkRunner({ ledger, jobQueue, redis, clock, log: silentLog, config: { QUEUE_PREFIX: '{t}' } } as never);
  const query = { tenant: null, state: null, code: 'worker_crashed', createdAfterMs: null, createdBeforeMs: null };
  const order = async (id: string, perSecond: number, code: string | null = 'worker_crashed') => {
    const which = { ...query, code };
    await ledger.operators.bulkRetries.create(SYSTEM_TENANT, id, {
      ...{ state: 'running', query: which, startedAtMs: Date.now(), endedAtMs: null, perSecond, expected: 0 },
      ...{ by: 'li', reason: 'repaired', after: null, retried: 0, skipped: {} },
    });
  };
  const state = async (id: string) => (await ledger.operators.bulkRetries.get(SYSTEM_TENANT, id))!.value;
  return { ledger, store, added, leases, onAdd, runner, query, order, state };
}

async function manyFailed(ledger: Ledger, count: number) {
  await ledger.tenants.records.create(SYSTEM_TENANT, TENANT, { name: 'A bank', createdAtMs: 0 });
  const jobs: JobId[] = [];
  for (let at = 0; at < count; at++) jobs.push(await failedJob(ledger, at % 4 === 3 ? 'other' : 'worker_crashed'));
  return jobs;
}

describe('a bulk retry', () => {
  it('counts before it starts, and retries each matching job once', async () => {
    const { ledger, added, runner, query, order, state } = setUp();
    await manyFailed(ledger, 120);
    expect(await dryRun({ ledger, clock: systemClock }, query, 5000)).toMatchObject({ count: 90, complete: true });
    expect(added).toEqual([]);
    await order('bulk_1', 200);
    const running = runner();
    running.start();
    await expect.poll(() => state('bulk_1'), { timeout: 15_000 }).toMatchObject({ state: 'finished', retried: 90 });
    await running.stop();
    expect(new Set(added.map(({ job }) => job)).size).toBe(90);
    expect(added.every(({ generation }) => generation === 2)).toBe(true);
    const [end] = (await ledger.operators.audit.page(null, 1)).entries;
    expect(end).toMatchObject({
      action: 'bulk_retry.end',
      target: { bulk: 'bulk_1' },
      detail: { retried: 90, by: 'li' },
    });
  });

  it('continues after a crash of its process, and retries no job twice', async () => {
    const { ledger, added, leases, runner, order, state } = setUp();
    await manyFailed(ledger, 80);
    await order('bulk_2', 10);
    const first = runner();
    first.start();
    await expect.poll(() => added.length).toBeGreaterThanOrEqual(10);
    // The state after a kill: started retries are complete, and the lease expires.
    await first.stop();
    const before = added.length;
    expect(before).toBeLessThan(60);
    leases.clear();
    await ledger.operators.bulkRetries.change(SYSTEM_TENANT, 'bulk_2', (value) => ({ ...value, perSecond: 200 }));
    const second = runner();
    second.start();
    await expect.poll(async () => (await state('bulk_2')).state, { timeout: 15_000 }).toBe('finished');
    await second.stop();
    expect(added.length).toBe(60);
    expect(new Set(added.map(({ job }) => job)).size).toBe(60);
  });

  it('does not retry a job that failed again after the run started', async () => {
    const { ledger, added, onAdd, runner, order, state } = setUp();
    await manyFailed(ledger, 8);
    onAdd.push({ seen: ({ job }) => endAsFailed(ledger, job, 2, 'worker_crashed', Date.now() + 1) });
    await order('bulk_3', 2);
    const running = runner();
    running.start();
    await expect.poll(async () => (await state('bulk_3')).state, { timeout: 15_000 }).toBe('finished');
    await running.stop();
    expect(added.map(({ generation }) => generation)).toEqual([2, 2, 2, 2, 2, 2]);
  });

  it('keeps its rate, and stops when it is cancelled', async () => {
    const { ledger, added, runner, order, state } = setUp();
    await manyFailed(ledger, 80);
    await order('bulk_4', 5);
    const running = runner();
    running.start();
    await expect.poll(() => added.length).toBe(5);
    await ledger.operators.bulkRetries.change(SYSTEM_TENANT, 'bulk_4', (value) => ({ ...value, state: 'cancelled' }));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await running.stop();
    expect(added.length).toBeLessThanOrEqual(10);
    expect((await state('bulk_4')).state).toBe('cancelled');
  });

  it('runs in parallel with another one, each at its own rate', async () => {
    const { ledger, added, runner, order, state } = setUp();
    await manyFailed(ledger, 40);
    await order('bulk_a', 1);
    await order('bulk_b', 200, 'other');
    const running = runner();
    running.start();
    await expect.poll(async () => (await state('bulk_b')).state, { timeout: 10_000 }).toBe('finished');
    expect(await state('bulk_b')).toMatchObject({ retried: 10 });
    expect(await state('bulk_a')).toMatchObject({ state: 'running' });
    await expect.poll(() => state('bulk_a').then(({ retried }) => retried), { timeout: 10_000 }).toBeGreaterThan(0);
    await running.stop();
    expect(added.length).toBeLessThan(20);
  });

  it('starts at once while another one runs', async () => {
    const { ledger, runner, order, state } = setUp();
    await manyFailed(ledger, 40);
    await order('bulk_a', 1);
    const running = runner();
    running.start();
    await expect.poll(() => state('bulk_a').then(({ retried }) => retried)).toBeGreaterThan(0);
    await order('bulk_b', 200, 'other');
    running.wake();
    await expect.poll(async () => (await state('bulk_b')).state, { timeout: 5000 }).toBe('finished');
    await running.stop();
  });

  it('writes no checkpoints for jobs that do not match, also without a code', async () => {
    const { ledger, added, runner, order, state } = setUp();
    await manyFailed(ledger, 3);
    for (let at = 0; at < 60; at++)
      await ledger.jobs.listing.finished(TENANT, newJobId(Date.now() - at), null, {
        ...{ generation: 1, state: at % 2 ? 'succeeded' : 'cancelled', code: '-' },
      });
    await order('bulk_6', 2, null);
    const running = runner();
    running.start();
    await expect.poll(async () => (await state('bulk_6')).state, { timeout: 15_000 }).toBe('finished');
    await running.stop();
    expect(added).toHaveLength(3);
    // Creation, two pages of at most two jobs, and the end.
    expect((await ledger.operators.bulkRetries.get(SYSTEM_TENANT, 'bulk_6'))!.version).toBeLessThanOrEqual(4);
  });

  it('skips jobs that can never succeed, and counts them before and after', async () => {
    const { ledger, added, runner, query, order, state } = setUp();
    await manyFailed(ledger, 4);
    for (const code of ['image_format_refused', 'image_format_refused', 'damaged', 'picture_missing']) {
      await failedJob(ledger, code);
    }
    const deleted = await failedJob(ledger, 'upstream_request_invalid');
    await ledger.jobs.deleteImages(TENANT, deleted, ['front']);
    const all = { ...query, code: null };
    const final = { image_format_refused: 2, damaged: 1, picture_missing: 1 };
    expect(await dryRun({ ledger, clock: systemClock }, all, 5000)).toMatchObject({ count: 5, leftOut: final });
    await order('bulk_7', 200, null);
    const running = runner();
    running.start();
    await expect.poll(async () => (await state('bulk_7')).state, { timeout: 15_000 }).toBe('finished');
    await running.stop();
    expect(await state('bulk_7')).toMatchObject({ retried: 4, skipped: { ...final, picture_gone: 1 } });
    expect(added).toHaveLength(4);
  });

  it('skips a job whose other side was refused', async () => {
    const { ledger, added, runner, order, state } = setUp();
    await ledger.tenants.records.create(SYSTEM_TENANT, TENANT, { name: 'A bank', createdAtMs: 0 });
    const job = await failedJob(ledger, 'worker_crashed');
    const header = { v: 1, kind: 'refusal', provider: 'p', at: '', code: 'card_not_found' } as const;
    await (await ledger.jobs.open(TENANT, job))!.putReply('back', encodeCheckpoint({ header, reply: Buffer.alloc(0) }));
    await order('bulk_8', 200);
    const running = runner();
    running.start();
    await expect.poll(async () => (await state('bulk_8')).state, { timeout: 15_000 }).toBe('finished');
    await running.stop();
    expect(await state('bulk_8')).toMatchObject({ retried: 0, skipped: { image_refused: 1 } });
    expect(added).toEqual([]);
  });

  it('skips and counts a job whose objects are lost', async () => {
    const { ledger, store, added, runner, order, state } = setUp();
    await manyFailed(ledger, 3);
    const broken = await failedJob(ledger, 'worker_crashed');
    await store.put(paths.jobKey(TENANT, broken), Buffer.from('garbage'));
    await order('bulk_9', 200);
    const running = runner();
    running.start();
    await expect.poll(async () => (await state('bulk_9')).state, { timeout: 15_000 }).toBe('finished');
    await running.stop();
    const { retried, skipped } = await state('bulk_9');
    expect([retried, Object.values(skipped)]).toEqual([3, [1]]);
    expect(added.map(({ job }) => job)).not.toContain(broken);
  });

  it('runs in one process at a time', async () => {
    const { ledger, added, leases, runner, order } = setUp();
    await manyFailed(ledger, 4);
    leases.set('{t}:bulk:bulk_5', 'another process');
    await order('bulk_5', 100);
    const running = runner();
    running.start();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await running.stop();
    expect(added).toEqual([]);
  });
});
