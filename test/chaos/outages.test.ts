/** Redis, the store, the upstream and the receiver fail one after the other under load. No accepted job is lost. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from './harness/index.ts';
import { inject, signal } from './injections.ts';
import { seededRandom } from './rng.ts';
import { SAMPLED } from './scenarios/sampled.ts';

const SEED = 601;
const RECOVERY_MS = 60_000;
describe('outages around the workers', () => {
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

  it('renews a token once when it expires for all calls at once', async () => {
    const requests = async () => (await harness.app.stats()).token_requests!;
    const before = await requests();
    await harness.app.control('PUT', { faults: [{ kind: 'token_expired', count: 1 }] });
    await harness.submitMany(8);
    await restored();
    expect((await requests()) - before).toBe(1);
  });

  it('the API accepts jobs quickly while Redis is stopped', async () => {
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

  it('jobs accepted before Redis was emptied finish although no worker was active meanwhile', async () => {
    await harness.app.control('PUT', { limits: { qps: 0 } });
    await harness.submitMany(40);
    await inject(harness, 'redis emptied', seededRandom(SEED));
    await harness.app.control('PUT', { limits: { qps: 200 } });
    await restored();
  });

  it('fails each job with its reason when the upstream rejects the requests as invalid', async () => {
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
