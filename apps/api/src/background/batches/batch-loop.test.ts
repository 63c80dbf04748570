import { ManualClock } from '@cardseal/base/clock';
import { newId } from '@cardseal/core/job';
import { type BatchId, type BatchRound, createLedger, lineJobId, type UploadId } from '@cardseal/core/ledger';
import { type Log, silentLog } from '@cardseal/core/log';
import { type MemoryObjectStore, memoryObjectStore, type ObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { describe, expect, it, vi } from 'vitest';
import type { ApiContext } from '../../context.ts';
import { createBatchLoop } from './batch-loop.ts';

const TENANT = 'bank';
const master = localMasterKey(Buffer.alloc(32, 5));
const clock = new ManualClock(Date.UTC(2026, 0, 1));
const endpoint = { url: 'https://example.test/', events: null, payload: 'reference', state: 'enabled', secrets: [] };

/** A batch of one line whose job has ended: what is left is to end the batch and to tell of it. */
async function endedBatch(): Promise<{ store: MemoryObjectStore; round: BatchRound }> {
  const store = memoryObjectStore();
  const ledger = createLedger({ store, master, clock });
  await ledger.tenants.endpoints.create(TENANT, 'we_00000000000000000000000001', endpoint as never);
  const id = newId('batch', clock.now()) as BatchId;
  const manifest = await ledger.intake.batches.begin(TENANT, id);
  await manifest.commit({ createdAtMs: clock.now(), apiKeyId: 'k', lines: 1, blank: [], rejected: [] });
  await ledger.intake.batches.setExpanded(TENANT, id);
  const outcome = { generation: 1, state: 'succeeded' as const, code: '-' };
  await ledger.jobs.listing.finished(TENANT, lineJobId(id, 1), null, outcome);
  return { store, round: manifest.opened };
}

/** A process that sees the batch, and whose store fails for good after so many operations. */
async function see(store: ObjectStore, round: BatchRound, operations: number): Promise<'ended' | 'died'> {
  let left = operations;
  const dying = new Proxy(store, {
    get: (target, name: keyof ObjectStore) =>
      typeof target[name] !== 'function'
        ? target[name]
        : async (...args: unknown[]) => {
            if (left-- <= 0) throw new Error('the process is dead');
            return (target[name] as (...all: unknown[]) => unknown)(...args);
          },
  });
  const { promise, resolve } = Promise.withResolvers<'ended' | 'died'>();
  const log: Log = {
    ...silentLog,
    info: (event) => event === 'batch.ended' && resolve('ended'),
    warn: () => resolve('died'),
  } as Log;
  const jobQueue = { addDeliveries: async () => {} };
  const context = { ledger: createLedger({ store: dying, master, clock }), clock, log, jobQueue };
  const keeper = createBatchLoop(context as unknown as ApiContext);
  keeper.take(round);
  const how = await promise;
  await keeper.stop();
  return how;
}

const under = (store: MemoryObjectStore, prefix: string) =>
  [...store.objects.keys()].filter((at) => at.startsWith(prefix));

describe('the end of a batch', () => {
  it('is announced once, under one id, wherever the announcing process dies', async () => {
    for (let operations = 0; ; operations++) {
      const { store, round } = await endedBatch();
      const first = await see(store, round, operations);
      if (first === 'died') {
        // The marker exists until all is announced, so that another process resumes.
        expect(under(store, 'open-batches/')).toHaveLength(1);
        clock.advance(5000);
        expect(await see(store, round, 1e9)).toBe('ended');
      }
      expect(under(store, 'open-batches/')).toEqual([]);
      expect(under(store, 'notices/')).toHaveLength(1);
      expect(under(store, 'undelivered/')).toHaveLength(1);
      if (first === 'ended') break;
      expect(operations).toBeLessThan(100);
    }
  });

  it('is announced once by several processes at the same time', async () => {
    const { store, round } = await endedBatch();
    await Promise.all(Array.from({ length: 5 }, () => see(store, round, 1e9)));
    expect(under(store, 'notices/')).toHaveLength(1);
    expect(under(store, 'undelivered/')).toHaveLength(1);
  });
});

describe('the sweep of uploads', () => {
  /** Whether a current upload exists after a batch loop swept with a clock that is this far ahead. */
  async function isKeptAt(aheadMs: number): Promise<boolean> {
    const ledger = createLedger({ store: memoryObjectStore(), master, clock });
    const id = newId('upl', clock.now()) as UploadId;
    const writer = (await ledger.intake.uploads.writer(TENANT, id, clock.now()))!;
    await writer.write(Buffer.from('a picture'));
    await writer.complete();
    const { promise: swept, resolve } = Promise.withResolvers<void>();
    const replays = { sweep: async () => resolve() };
    const ahead = new ManualClock(clock.now() + aheadMs);
    const context = {
      ledger: { ...ledger, intake: { ...ledger.intake, idempotencyCache: replays } },
      clock: ahead,
      log: silentLog,
    };
    const keeper = createBatchLoop(context as unknown as ApiContext);
    keeper.start();
    await swept;
    await keeper.stop();
    return (await ledger.intake.uploads.read(TENANT, id)) !== null;
  }

  it('leaves what was begun a minute ago, even by a clock that is a day ahead', async () => {
    expect(await isKeptAt(24 * 3_600_000 + 60_000)).toBe(true);
    expect(await isKeptAt(26 * 3_600_000)).toBe(false);
  });
});

describe('a batch under an id that was claimed long ago', () => {
  it('is looked at as often as any other that has just come', async () => {
    const { store, round } = await endedBatch();
    const ledger = createLedger({ store, master, clock });
    const index = under(store, 'index/');
    await store.delete(index);
    clock.advance(365 * 24 * 3_600_000);
    vi.useFakeTimers();
    try {
      const context = { ledger, clock, log: silentLog, jobQueue: { addDeliveries: async () => {} } };
      const keeper = createBatchLoop(context as unknown as ApiContext);
      await ledger.jobs.markers.openGeneration(TENANT, lineJobId(round.id, 1), 1, null);
      keeper.start();
      await vi.advanceTimersByTimeAsync(5000);
      expect(under(store, 'open-batches/')).toHaveLength(1);
      for (const name of index) await store.put(name, Buffer.alloc(0));
      await ledger.jobs.markers.closeGeneration(TENANT, lineJobId(round.id, 1), 1, null);
      await vi.advanceTimersByTimeAsync(5000);
      await keeper.stop();
    } finally {
      vi.useRealTimers();
    }
    expect(under(store, 'open-batches/')).toEqual([]);
  });
});

describe('a batch whose lines are lost', () => {
  it('is looked at less and less often', async () => {
    const store = memoryObjectStore();
    const ledger = createLedger({ store, master, clock });
    const manifest = await ledger.intake.batches.begin(TENANT, newId('batch', clock.now()) as BatchId);
    await manifest.put([{ line: 1, request: {} }]);
    await manifest.commit({ createdAtMs: clock.now(), apiKeyId: 'k', lines: 1, blank: [], rejected: [] });
    await store.delete(under(store, 'batches/').filter((name) => name.includes('/lines.')));
    const warn = vi.fn();
    const log = { ...silentLog, warn } as unknown as Log;
    vi.useFakeTimers();
    try {
      const keeper = createBatchLoop({ ledger, clock, log } as unknown as ApiContext);
      keeper.start();
      await vi.advanceTimersByTimeAsync(3_600_000);
      await keeper.stop();
    } finally {
      vi.useRealTimers();
    }
    // Every 2 s at first, and after a tenth of its age later: not in each of the 1,800 looks of an hour.
    expect(new Set(warn.mock.calls.map(([event]) => event))).toEqual(new Set(['batch.postponed']));
    expect(warn.mock.calls.length).toBeGreaterThan(10);
    expect(warn.mock.calls.length).toBeLessThan(100);
  });
});
