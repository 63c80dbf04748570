/** What stands around the workers fails, one after the other and under load: nothing accepted is lost. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Night, startNight } from './harness/index.ts';
import { signal, strike } from './injections.ts';
import { seeded } from './rng.ts';
import { SAMPLED } from './scenarios/sampled.ts';

const SEED = 601;
const RECOVERY_MS = 60_000;
describe('what the workers stand on fails', () => {
  let night: Night;
  beforeAll(async () => {
    night = await startNight({ seed: SEED, tenants: 2 });
  });
  afterAll(() => night?.stop());

  async function restored(): Promise<void> {
    await night.quiet(RECOVERY_MS);
    expect(await night.check()).toEqual([]);
  }

  it.each(SAMPLED)('%s', async (name) => {
    const load = night.submitMany(16);
    await strike(night, name, seeded(SEED));
    await load;
    await restored();
  });

  it('a token that expires everywhere at once is renewed once', async () => {
    const requests = async () => (await night.app.stats()).token_requests!;
    const before = await requests();
    await night.app.control('PUT', { faults: [{ kind: 'token_expired', count: 1 }] });
    await night.submitMany(8);
    await restored();
    expect((await requests()) - before).toBe(1);
  });

  it('the API accepts while Redis stands still, and fast', async () => {
    signal(night, 'redis', 'SIGSTOP');
    try {
      const startedMs = performance.now();
      await night.submitMany(5);
      expect(performance.now() - startedMs).toBeLessThan(3000);
    } finally {
      signal(night, 'redis', 'SIGCONT');
    }
    await restored();
  });

  it('accepted work waits out a Redis that was emptied while nobody worked', async () => {
    await night.app.control('PUT', { limits: { qps: 0 } });
    await night.submitMany(40);
    await strike(night, 'redis emptied', seeded(SEED));
    await night.app.control('PUT', { limits: { qps: 200 } });
    await restored();
  });

  it('an upstream that calls our requests wrong fails the cards, and each says so', async () => {
    const failed = await night.during({ kind: 'upstream refuses all', fails: ['upstream_request_'] }, async () => {
      await night.app.control('PUT', { faults: [{ kind: 'error', code: 282_003, rate: 1 }] });
      const jobs = await night.submitMany(3);
      await night.quiet(RECOVERY_MS);
      await night.app.control('PUT', { faults: [] });
      return jobs;
    });
    expect(await night.check()).toEqual([]);
    for (const { tenant, id } of failed) {
      expect((await (await night.ledger.openJob(tenant, id))!.outcome(1))?.state).toBe('failed');
    }
  });
});
