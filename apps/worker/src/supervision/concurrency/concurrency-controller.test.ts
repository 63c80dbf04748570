import { ManualClock } from '@cardseal/base/clock';
import type { WorkerBoard } from '@cardseal/core/queue';
import type { CredentialSnapshot } from '@cardseal/pacer';
import { describe, expect, it } from 'vitest';
import { createConcurrencyController } from './concurrency-controller.ts';
import { createFlowMeter } from './flow-meter.ts';

function setUp(fixed?: number) {
  const clock = new ManualClock(1_000_000);
  const applied: number[] = [];
  const seen = { lagMs: 0 };
  const meter = createFlowMeter(clock);
  const controller = createConcurrencyController({
    clock,
    meter,
    pacer: { snapshot: async () => [{ gate: { state: 'open' }, currentQps: 60 } as CredentialSnapshot] },
    board: { beat: async () => 1 } as unknown as WorkerBoard,
    pool: [],
    lagMs: () => seen.lagMs,
    fixed,
    apply: (cards) => applied.push(cards),
    held: () => false,
  });
  const rounds = async (count: number) => {
    for (let at = 0; at < count; at++) await controller.adjust();
    return applied.at(-1)!;
  };
  return { controller, meter, applied, seen, rounds };
}

describe('the concurrency controller', () => {
  it('keeps fewer jobs in flight, not more, when calls look slow because the process lags', async () => {
    const { meter, seen, rounds } = setUp();
    const before = await rounds(6);
    for (let at = 0; at < 100; at++) {
      meter.permit('a', 0);
      meter.answered('a', 8000);
      meter.left('a', 9000);
    }
    seen.lagMs = 400;
    expect(await rounds(1)).toBeLessThan(2 * before);
    expect(await rounds(6)).toBeLessThan(5);
    // Only the provider is slow: then more jobs are needed.
    seen.lagMs = 5;
    expect(await rounds(20)).toBe(256);
  });

  it('starts with few jobs after a gate opens, whatever was in flight before it closed', async () => {
    const { controller, applied, rounds } = setUp();
    expect(await rounds(6)).toBeGreaterThan(50);
    applied.length = 0;
    await controller.restart();
    expect(applied).toEqual([2, 16]);
  });

  it('never changes a number that the operator set', async () => {
    const { controller, seen, applied } = setUp(40);
    seen.lagMs = 5000;
    await controller.adjust();
    await controller.restart();
    expect(new Set(applied)).toEqual(new Set([40]));
  });
});

describe('the first report', () => {
  it('is what `reported` waits for, across failures of Redis', async () => {
    const clock = new ManualClock(1_000_000);
    const beats: (() => Promise<number>)[] = [() => Promise.reject(new Error('down')), async () => 1];
    const board = { beat: () => beats.shift()!(), leave: async () => {} } as unknown as WorkerBoard;
    const controller = governorOn(clock, board);
    let reported = false;
    controller.reported().then(() => {
      reported = true;
    });
    controller.start();
    await new Promise(setImmediate);
    expect(reported).toBe(false);
    await clock.advance(200);
    await new Promise(setImmediate);
    expect(reported).toBe(true);
  });

  it('is not waited for once the worker stops', async () => {
    const board = { beat: () => Promise.reject(new Error('down')), leave: async () => {} } as unknown as WorkerBoard;
    const controller = governorOn(new ManualClock(1_000_000), board);
    controller.start();
    await controller.stop();
    await controller.reported();
  });
});

function governorOn(clock: ManualClock, board: WorkerBoard) {
  return createConcurrencyController({
    clock,
    meter: createFlowMeter(clock),
    pacer: { snapshot: async () => [] },
    board,
    pool: [],
    lagMs: () => 0,
    fixed: undefined,
    apply: () => {},
    held: () => false,
  });
}
