/**
 * Explores batches exhaustively: kills the API after every single write of accepting and expanding a batch, loses every
 * response of the store once, and pauses at every step while other processes withdraw or repeat the batch. Afterwards
 * every accepted line has exactly one job, or nothing of the batch is left.
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
  // The marker renewal uses the same monotonic clock as the rest of the world.
  vi.spyOn(performance, 'now').mockImplementation(() => (world?.nowMs() ?? 0) * MINUTE_MS);
});
afterEach(() => void vi.restoreAllMocks());

/** What happens between the fault and the final check. */
const MEANWHILE: Record<string, () => Promise<void>> = {
  'nothing happens': async () => {},
  'the client repeats': () => repeat({ expands: true }),
  'the client repeats, and no job is made yet': () => repeat({ expands: false }),
  'others sweep': () => sweep(),
  'others sweep, and the client repeats': async () => {
    await sweep();
    await repeat({ expands: true });
  },
};

/** The API must acknowledge the repeated request, whatever happened to the first. */
async function repeat(how: { expands: boolean }): Promise<void> {
  const before = world.acknowledged.length;
  await world.api().accept(linesOf(LINES), KEY, how);
  expect(world.acknowledged).toHaveLength(before + 1);
}

async function sweep(): Promise<void> {
  const api = world.api();
  for (let round = 0; round < 4; round++) {
    await api.visitOpen();
    world.pass(PATIENCE_MS + 1);
  }
}

async function faultsAtRest(where: string): Promise<string[]> {
  await world.settle();
  return (await faultsOfBatches(world, LINES)).map((fault) => `${where}: ${fault}`);
}

/** Loses the response of the n-th write, with or without performing the write. */
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
  )('every write is %s and its response is lost, %s: every accepted line has one job', async (_, __, then, lands) => {
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
  )('is paused at every step and %s when %s: every accepted line has one job', async (_, __, then, refuses) => {
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

  it('survives a process that pauses at any step of withdrawing', async () => {
    const faults: string[] = [];
    for (let step = 0; ; step++) {
      world = await createBatchWorld();
      const dead = world.api({ dieAfterWrites: 5 });
      await dead.process.run(() => dead.accept(linesOf(LINES), KEY));
      const slow = world.api({ pauseAtStep: step });
      const how = await slow.process.run(async () => {
        for (let round = 0; round < 4; round++) {
          await slow.visitOpen();
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

describe('a batch whose lines are missing', () => {
  it('is a defect and does not end', async () => {
    world = await createBatchWorld();
    const api = world.api();
    await api.accept(linesOf(LINES), KEY, { expands: false });
    const [chunk] = [...world.shared.objects.keys()].filter((name) => name.includes('/lines.'));
    await world.shared.delete([chunk!]);
    await api.visitOpen();
    expect(world.defects).toEqual(['batch_lines_missing']);
    expect(await world.ledger.intake.batches.status(TENANT, world.acknowledged[0]!)).toMatchObject({
      expanded: false,
      end: null,
    });
  });
});

describe('a cancelled batch', () => {
  /** More jobs than the API creates at once. */
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
      await other.visitOpen();
      await world.work();
    }
    return found;
  }

  it('has no further job recognised, wherever the process that creates its jobs is paused', async () => {
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
