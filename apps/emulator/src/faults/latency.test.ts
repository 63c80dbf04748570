import { expect, it } from 'vitest';
import { createRandom } from '../cards/random.ts';
import { createLatency } from './latency.ts';

it('has the configured median and 99th percentile', () => {
  const latency = createLatency(createRandom(1, 1).next);
  latency.set({ p50: 100, p99: 250 });
  const drawn = Array.from({ length: 20_000 }, () => latency.drawMs()).sort((a, b) => a - b);
  expect(drawn[10_000]! / 100).toBeCloseTo(1, 1);
  expect(drawn[19_800]! / 250).toBeCloseTo(1, 1);
});

it('can be switched off', () => {
  const latency = createLatency(Math.random);
  latency.set({ p50: 0 });
  expect(latency.drawMs()).toBe(0);
  latency.reset();
  expect(latency.shape()).toEqual({ p50: 150, p99: 400 });
});
