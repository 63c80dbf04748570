import { ManualClock } from '@cardseal/base/clock';
import { describe, expect, it } from 'vitest';
import { createLoginThrottle } from './throttle.ts';

describe('the login throttle', () => {
  it('allows four wrong passwords, then doubles the delay up to 30 seconds for a user', () => {
    const clock = new ManualClock(0);
    const throttle = createLoginThrottle(clock);
    const waits = Array.from({ length: 10 }, (_, at) => {
      // Another address each time, so that only the count of the user grows.
      throttle.failed('li', `10.0.0.${at}`);
      const waitMs = throttle.waitMs('li', 'elsewhere');
      clock.advance(waitMs);
      return waitMs;
    });
    expect(waits).toEqual([0, 0, 0, 0, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it('delays an address that tries many users for up to 15 minutes', () => {
    const clock = new ManualClock(0);
    const throttle = createLoginThrottle(clock);
    for (let at = 0; at < 40; at++) throttle.failed(`user${at}`, '10.0.0.1');
    expect(throttle.waitMs('somebody', '10.0.0.1')).toBe(15 * 60_000);
    expect(throttle.waitMs('somebody', '10.0.0.2')).toBe(0);
  });

  it('resets the counts after a successful login and after an hour', () => {
    const clock = new ManualClock(0);
    const throttle = createLoginThrottle(clock);
    for (let at = 0; at < 6; at++) throttle.failed('li', 'a');
    throttle.succeeded('li', 'a');
    expect(throttle.waitMs('li', 'a')).toBe(0);
    for (let at = 0; at < 6; at++) throttle.failed('li', 'a');
    clock.advance(3_600_001);
    throttle.failed('li', 'a');
    expect(throttle.waitMs('li', 'a')).toBe(0);
  });
});
