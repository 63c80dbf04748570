/** Everything around the workers fails, one after the other and under load: nothing accepted is lost. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Night, startNight } from './night.ts';
import { STRIKES, type StrikeName } from './strikes.ts';

const SEED = 601;
const RECOVERY_MS = 60_000;
const UNDER_LOAD: StrikeName[] = [
  'redis killed',
  'redis emptied',
  'redis frozen',
  'store refuses',
  'store answers lost',
  'store slow',
  'upstream fails',
  'upstream refuses',
  'receiver fails',
  'worker drained',
];

describe('what the workers stand on fails', () => {
  let night: Night;
  let repeats = 0;
  beforeAll(async () => {
    night = await startNight({ seed: SEED });
  });
  afterAll(() => night?.stop());

  async function restored(): Promise<void> {
    await night.quiet(RECOVERY_MS);
    expect(await night.check({ allowedRepeats: repeats, mayFail: false })).toEqual([]);
  }

  for (const name of UNDER_LOAD) {
    it(name, async () => {
      const load = night.submitMany(20);
      repeats += await STRIKES[name](night, () => 0.5);
      await load;
      await restored();
    });
  }

  it('the API accepts while Redis stands still, and fast', async () => {
    const redis = night.app.stack.child('redis').pid;
    process.kill(redis, 'SIGSTOP');
    try {
      const startedMs = performance.now();
      await night.submitMany(5);
      expect(performance.now() - startedMs).toBeLessThan(3000);
    } finally {
      process.kill(redis, 'SIGCONT');
    }
    await restored();
  });

  it('accepted work waits out a Redis that was emptied while nobody worked', async () => {
    await night.app.control('PUT', { limits: { qps: 0 } });
    await night.submitMany(40);
    await night.redis.flushall();
    await night.app.control('PUT', { limits: { qps: 200 } });
    await restored();
  });

  it('an upstream that calls our requests wrong fails the cards, and each says so', async () => {
    const before = night.told.length;
    await night.app.control('PUT', { faults: [{ kind: 'error', code: 282_003, rate: 1 }] });
    await night.submitMany(3);
    await night.quiet(RECOVERY_MS);
    await night.app.control('PUT', { faults: [] });
    expect(await night.check({ allowedRepeats: repeats, mayFail: true })).toEqual([]);
    const failed = await Promise.all(night.told.slice(before).map(({ id }) => night.app.finished(id)));
    expect(failed.map(({ state }) => state)).toEqual(['failed', 'failed', 'failed']);
  });
});
