/** What stands around the workers fails, one after the other and under load: nothing accepted is lost. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from './harness/index.ts';
import { inject, signal } from './injections.ts';
import { seededRandom } from './rng.ts';
import { SAMPLED } from './scenarios/sampled.ts';

const SEED = 601;
const RECOVERY_MS = 60_000;
describe('what the workers stand on fails', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ seed: SEED, tenants: 2 });
  });
  afterAll(() => harness?.stop());

  async function restored(): Promise<void> {
    await harness.settle(RECOVERY_MS);
    expect(await harness.check()).toEqual([]);
  }

  it.each(SAMPLED)('%s', async (name) => {
    const load = harness.submitMany(16);
    await inject(harness, name, seededRandom(SEED));
    await load;
    await restored();
  });

  it('a token that expires everywhere at once is renewed once', async () => {
    const requests = async () => (await harness.app.stats()).token_requests!;
    const before = await requests();
    await harness.app.control('PUT', { faults: [{ kind: 'token_expired', count: 1 }] });
    await harness.submitMany(8);
    await restored();
    expect((await requests()) - before).toBe(1);
  });

  it('the API accepts while Redis stands still, and fast', async () => {
    signal(harness, 'redis', 'SIGSTOP');
    try {
      const startedMs = performance.now();
      await harness.submitMany(5);
      expect(performance.now() - startedMs).toBeLessThan(3000);
    } finally {
      signal(harness, 'redis', 'SIGCONT');
    }
    await restored();
  });

  it('accepted work waits out a Redis that was emptied while nobody worked', async () => {
    await harness.app.control('PUT', { limits: { qps: 0 } });
    await harness.submitMany(40);
    await inject(harness, 'redis emptied', seededRandom(SEED));
    await harness.app.control('PUT', { limits: { qps: 200 } });
    await restored();
  });

  it('an upstream that calls our requests wrong fails the cards, and each says so', async () => {
    const failed = await harness.during({ kind: 'upstream refuses all', fails: ['upstream_request_'] }, async () => {
      await harness.app.control('PUT', { faults: [{ kind: 'error', code: 282_003, rate: 1 }] });
      const jobs = await harness.submitMany(3);
      await harness.settle(RECOVERY_MS);
      await harness.app.control('PUT', { faults: [] });
      return jobs;
    });
    expect(await harness.check()).toEqual([]);
    for (const { tenant, id } of failed) {
      expect((await (await harness.ledger.jobs.open(tenant, id))!.outcome(1))?.state).toBe('failed');
    }
  });
});
