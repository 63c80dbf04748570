import { ManualClock } from '@cardseal/base/clock';
import { expect, it } from 'vitest';
import { createFlowMeter } from './flow-meter.ts';

it('learns the time in flight without the wait for permits, and the calls of a job', () => {
  const clock = new ManualClock(0);
  const meter = createFlowMeter(clock);
  for (let at = 0; at < 100; at++) {
    clock.advance(5000);
    meter.permit('a', 5000);
    meter.permit('a', 4000);
    clock.advance(300);
    meter.answered('a', 250);
    meter.left('a', 5350);
    meter.left('never called', 90_000);
  }
  expect(meter.holdMs()).toBeCloseTo(350, 0);
  expect(meter.afterPermitMs()).toBeCloseTo(300, 0);
  expect(meter.callsPerJob()).toBeCloseTo(2, 2);
});

it('does not ask for more jobs when this worker is slow: that would make it slower', () => {
  const clock = new ManualClock(0);
  const meter = createFlowMeter(clock);
  for (let at = 0; at < 100; at++) {
    meter.permit('a', 0);
    meter.answered('a', 400);
    clock.advance(12_000);
    meter.left('a', 12_000);
  }
  expect(meter.holdMs()).toBeCloseTo(900, 0);
});
