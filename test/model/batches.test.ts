/**
 * Batches, explored exhaustively: the API is killed after every single write of taking one in and making its jobs; every
 * write loses its answer once; and every step is a place to stand still at while others come, withdraw and repeat.
 * Afterwards every accepted line has exactly one job, or nothing of the batch is left.
 */

import { TransientError } from '@cardseal/base/errors';
import type { ObjectStore } from '@cardseal/object-store';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ApiSettings, type BatchWorld, createBatchWorld, linesOf, PATIENCE_MS, TENANT } from './batch-world.ts';
import { faultsOfBatches } from './batches-at-rest.ts';

const LINES = 3;
const MINUTE_MS = 60_000;
const KEY = 'batch-1';
let world: BatchWorld;

beforeEach(() => {
  // The renewal of a marker is measured by the same monotonic clock as everything else here.
  vi.spyOn(performance, 'now').mockImplementation(() => (world?.nowMs() ?? 0) * MINUTE_MS);
});
afterEach(() => void vi.restoreAllMocks());

/** What happens between the mishap and the end. */
const MEANWHILE: Record<string, () => Promise<void>> = {
  'nobody comes': async () => {},
  'the client repeats': () => repeat({ expands: true }),
  'the client repeats, and no job is made yet': () => repeat({ expands: false }),
  'others sweep': () => sweep(),
  'others sweep, and the client repeats': async () => {
    await sweep();
    await repeat({ expands: true });
  },
};

/** However the first try went, this one is answered 202. */
async function repeat(how: { expands: boolean }): Promise<void> {
  const before = world.told.length;
  await world.api().accept(linesOf(LINES), KEY, how);
  expect(world.told).toHaveLength(before + 1);
}

async function sweep(): Promise<void> {
  const keeper = world.api();
  for (let round = 0; round < 4; round++) {
    await keeper.look();
    world.pass(PATIENCE_MS + 1);
  }
}

async function faultsAtRest(where: string): Promise<string[]> {
  await world.settle();
  return (await faultsOfBatches(world, LINES)).map((fault) => `${where}: ${fault}`);
}

/** The n-th write is done, or not, and its answer is lost. */
const losing =
  (at: number, lands: boolean, seen: { writes: number }): ApiSettings['through'] =>
  (store) => {
    const write =
      <A extends unknown[], T>(work: (...args: A) => Promise<T>) =>
      async (...args: A): Promise<T> => {
        if (seen.writes++ !== at) return work(...args);
        if (lands) await work(...args);
        throw new TransientError('store_unavailable');
      };
    return { ...store, put: write(store.put), create: write(store.create), delete: write(store.delete) } as ObjectStore;
  };

describe('a batch', () => {
  it.each(Object.entries(MEANWHILE))(
    'killed after every write, %s: every accepted line has one job',
    async (_, then) => {
      const faults: string[] = [];
      for (let writes = 0; ; writes++) {
        world = await createBatchWorld();
        const api = world.api({ dieAfterWrites: writes });
        const how = await api.process.run(() => api.accept(linesOf(LINES), KEY));
        await then();
        faults.push(...(await faultsAtRest(`after ${writes} writes`)));
        if (how === 'done') break;
      }
      expect(faults).toEqual([]);
    },
  );

  it.each(
    Object.entries(MEANWHILE).flatMap(([name, then]) => [
      ['done', name, then, true] as const,
      ['not done', name, then, false] as const,
    ]),
  )('every write is %s and its answer lost, %s: every accepted line has one job', async (_, __, then, lands) => {
    const faults: string[] = [];
    for (let at = 0; ; at++) {
      world = await createBatchWorld();
      const seen = { writes: 0 };
      await world.api({}, { through: losing(at, lands, seen) }).accept(linesOf(LINES), KEY);
      await then();
      faults.push(...(await faultsAtRest(`write ${at}`)));
      if (seen.writes <= at) break;
    }
    expect(faults).toEqual([]);
  });

  it.each(
    Object.entries(MEANWHILE).flatMap(([name, then]) => [
      ['goes on', name, then, false] as const,
      ['is refused', name, then, true] as const,
    ]),
  )('stops at every step and %s when %s: every accepted line has one job', async (_, __, then, refuses) => {
    const faults: string[] = [];
    for (let step = 0; ; step++) {
      world = await createBatchWorld();
      const api = world.api({ pauseAtStep: step }, { refuses });
      const how = await api.process.run(() => api.accept(linesOf(LINES), KEY));
      await then();
      await api.process.go();
      faults.push(...(await faultsAtRest(`stopped at step ${step}`)));
      if (how === 'done') break;
    }
    expect(faults).toEqual([]);
  });

  it('is not harmed by a keeper that stops at any step of sweeping up', async () => {
    const faults: string[] = [];
    for (let step = 0; ; step++) {
      world = await createBatchWorld();
      const dead = world.api({ dieAfterWrites: 5 });
      await dead.process.run(() => dead.accept(linesOf(LINES), KEY));
      const slow = world.api({ pauseAtStep: step });
      const how = await slow.process.run(async () => {
        for (let round = 0; round < 4; round++) {
          await slow.look();
          world.pass(PATIENCE_MS + 1);
        }
      });
      await MEANWHILE['others sweep, and the client repeats']!();
      await slow.process.go();
      faults.push(...(await faultsAtRest(`stopped at step ${step}`)));
      if (how === 'done') break;
    }
    expect(faults).toEqual([]);
  });
});

describe('a batch whose lines are not there', () => {
  it('is a defect, and neither ends nor counts as done', async () => {
    world = await createBatchWorld();
    const api = world.api();
    await api.accept(linesOf(LINES), KEY, { expands: false });
    const [chunk] = [...world.shared.objects.keys()].filter((name) => name.includes('/lines.'));
    await world.shared.delete([chunk!]);
    await api.look();
    expect(world.defects).toEqual(['batch_lines_missing']);
    expect(await world.ledger.intake.batches.status(TENANT, world.told[0]!)).toMatchObject({
      expanded: false,
      end: null,
    });
  });
});

describe('a cancelled batch', () => {
  /** More than are made at once. */
  const MANY = 18;

  /** Returns false when there is no batch yet. */
  async function cancelAndEnd(): Promise<boolean> {
    const other = world.api();
    let found = false;
    for await (const { id } of other.ledger.intake.batches.open()) {
      if ((await other.ledger.intake.batches.head(TENANT, id)) === null) continue;
      await other.ledger.intake.batches.askToCancel(TENANT, id);
      found = true;
    }
    for (let round = 0; round < 3; round++) {
      await other.look();
      await world.work();
    }
    return found;
  }

  it('has no card recognised any more, wherever the process that makes its jobs stands still', async () => {
    const faults: string[] = [];
    for (let step = 0; ; step++) {
      world = await createBatchWorld();
      const maker = world.api({ pauseAtStep: step }, { workedAtOnce: true });
      const how = await maker.process.run(() => maker.accept(linesOf(MANY)));
      const cancelled = await cancelAndEnd();
      const billed = world.billed.length;
      await maker.process.go();
      if (how === 'done') break;
      if (!cancelled) continue;
      await world.settle();
      const open = [...world.shared.objects.keys()].filter((name) => /^(open-batches|pending)/.test(name));
      if (world.billed.length > billed) faults.push(`step ${step}: ${world.billed.length - billed} were recognised`);
      if (open.length > 0) faults.push(`step ${step}: ${open} is open`);
    }
    expect(faults).toEqual([]);
  });
});
