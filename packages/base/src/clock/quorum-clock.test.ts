import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from './clock.ts';
import { createQuorumClock, type TimeSource } from './quorum-clock.ts';

const TRUE_MS = 1_800_000_000_000;
const by =
  (offsetMs: number): TimeSource =>
  async () =>
    TRUE_MS + offsetMs;
const away: TimeSource = async () => Promise.reject(new Error('away'));

async function agreed(ownOffsetMs: number, a: TimeSource, b: TimeSource): Promise<number> {
  const clock = createQuorumClock({ base: new ManualClock(TRUE_MS + ownOffsetMs), sources: [a, b] });
  await clock.start();
  clock.stop();
  return clock.now() - TRUE_MS;
}

describe('the quorum clock', () => {
  it('outvotes one wrong clock, however wrong it is', async () => {
    const wrong = fc.integer({ min: -86_400_000, max: 86_400_000 });
    await fc.assert(
      fc.asyncProperty(wrong, fc.integer({ min: 0, max: 2 }), async (offsetMs, who) => {
        const [own, redis, store] = [0, 1, 2].map((n) => (n === who ? offsetMs : 0));
        expect(Math.abs(await agreed(own!, by(redis!), by(store!)))).toBeLessThan(5001);
      }),
    );
  });

  it('does not correct small differences', async () => {
    expect(await agreed(0, by(900), by(-1000))).toBe(0);
    expect(await agreed(3000, by(0), by(0))).toBe(3000);
  });

  it('keeps its correction while one source is unavailable', async () => {
    expect(await agreed(600_000, away, by(0))).toBe(600_000);
    let reachable = true;
    const sometimes: TimeSource = () => (reachable ? by(0)() : away());
    const clock = createQuorumClock({
      base: new ManualClock(TRUE_MS + 600_000),
      sources: [sometimes, by(0)],
    });
    await clock.start();
    reachable = false;
    await clock.start();
    clock.stop();
    expect(Math.abs(clock.now() - TRUE_MS)).toBeLessThan(1000);
  });
});
