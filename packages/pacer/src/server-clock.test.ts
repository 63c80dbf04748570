import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServerClock } from './server-clock.ts';

describe('the clock of Redis, seen from here', () => {
  it('is never off by more than the shortest round trip, whatever the delays', () => {
    const trip = fc.record({
      pauseMs: fc.integer({ min: 0, max: 400 }),
      thereMs: fc.integer({ min: 0, max: 50 }),
      backMs: fc.integer({ min: 0, max: 50 }),
    });
    fc.assert(
      fc.property(
        fc.array(trip, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: -1e6, max: 1e12 }),
        (trips, offsetMs) => {
          const clock = new ServerClock();
          let nowMs = 1000;
          let shortestMs = Number.POSITIVE_INFINITY;
          for (const { pauseMs, thereMs, backMs } of trips) {
            nowMs += pauseMs;
            clock.observe(nowMs, nowMs + thereMs + backMs, nowMs + thereMs + offsetMs);
            nowMs += thereMs + backMs;
            shortestMs = thereMs + backMs;
          }
          // The last trip always counts; earlier ones may have aged.
          expect(Math.abs(clock.toServerMs(nowMs) - (nowMs + offsetMs))).toBeLessThanOrEqual(shortestMs);
        },
      ),
    );
  });

  it('follows a Redis whose clock was set, at once', () => {
    const clock = new ServerClock();
    for (let at = 0; at < 100; at += 10) clock.observe(at, at + 1, at + 5000);
    clock.observe(100, 101, 100 - 3_600_000);
    expect(clock.toServerMs(101)).toBeCloseTo(100 - 3_600_000, -1);
    expect(clock.toMonotonicMs(clock.toServerMs(200))).toBeCloseTo(200);
  });
});
