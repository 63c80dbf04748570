import { ManualClock } from '@cardseal/base/clock';
import { silentLog } from '@cardseal/core/log';
import { expect, it } from 'vitest';
import { createWatchdog } from './watchdog.ts';

const MIB = 2 ** 20;

function watchdogOf(facts: { waiting: number | null; moved: number; heap: number }) {
  const clock = new ManualClock(1_000_000);
  const watchdog = createWatchdog({
    clock,
    nowMs: () => clock.now(),
    log: silentLog,
    eventLoop: { worstDelayMs: () => 0 },
    heapCapBytes: 100 * MIB,
    stuckAfterMs: 60_000,
    waiting: async () => facts.waiting,
    movedAtMs: () => facts.moved,
    heapUsedBytes: () => facts.heap,
    end: () => {},
  });
  return { clock, watchdog };
}

it('ends a worker beside which cards wait and none moves', async () => {
  const facts = { waiting: 5, moved: 1_000_000, heap: MIB };
  const { clock, watchdog } = watchdogOf(facts);
  expect(await watchdog.look()).toBeNull();
  clock.advance(59_000);
  expect(await watchdog.look()).toBeNull();
  clock.advance(2000);
  expect(await watchdog.look()).toBe('stuck');
});

it('leaves one alone whose cards move, who has none, or whose Redis is away', async () => {
  const facts: { waiting: number | null; moved: number; heap: number } = { waiting: 5, moved: 1_000_000, heap: MIB };
  const { clock, watchdog } = watchdogOf(facts);
  await watchdog.look();
  clock.advance(61_000);
  facts.moved = clock.now() - 1000;
  expect(await watchdog.look()).toBeNull();
  for (const waiting of [0, null]) {
    facts.waiting = waiting;
    clock.advance(61_000);
    expect(await watchdog.look()).toBeNull();
    // The wait counts from when there was something to wait for.
    facts.waiting = 5;
    expect(await watchdog.look()).toBeNull();
  }
});

it('drains at the cap of the heap, but not after one reading', async () => {
  const facts = { waiting: 0, moved: 0, heap: 101 * MIB };
  const { watchdog } = watchdogOf(facts);
  expect(await watchdog.look()).toBeNull();
  facts.heap = MIB;
  expect(await watchdog.look()).toBeNull();
  facts.heap = 101 * MIB;
  expect(await watchdog.look()).toBeNull();
  expect(await watchdog.look()).toBe('heap_cap');
});
