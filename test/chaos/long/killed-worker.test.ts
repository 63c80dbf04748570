/** With default settings, the jobs of a killed worker finish within 45 s, before the worker has to be restarted. */
import { expect, it } from 'vitest';
import { startHarness, WORKER_CONCURRENCY } from '../harness/index.ts';
import { signal } from '../injections.ts';

/** 1.5 × LOCK_DURATION_MS, as documented for that setting. */
const PROMISED_MS = 45_000;
/** The upstream calls themselves, and a busy machine. */
const SLACK_MS = 10_000;

it('finishes the jobs of a killed worker within 45 s by default', async () => {
  const harness = await startHarness({
    seed: 904,
    workers: 2,
    env: { LOCK_DURATION_MS: '30000', RECONCILE_INTERVAL_MS: '60000' },
  });
  try {
    // Every job has a call in flight at one of the workers when one worker is killed.
    await harness.app.control('PUT', { latency_ms: { p50: 3000, p99: 3100 } });
    const load = harness.submitMany(2 * WORKER_CONCURRENCY);
    await load;
    await expect.poll(async () => (await harness.app.stats()).calls, { timeout: 15_000 }).toBe(2 * WORKER_CONCURRENCY);
    const killedMs = Date.now();
    await harness.during({ kind: 'worker killed', cutCalls: WORKER_CONCURRENCY }, async () => {
      signal(harness, 'worker-1', 'SIGKILL');
      await harness.settle(PROMISED_MS + SLACK_MS);
    });
    const tookMs = Date.now() - killedMs;
    console.log(`all jobs finished ${tookMs} ms after the kill`);
    // More calls than jobs show that the killed worker had calls in flight.
    expect((await harness.app.stats()).calls).toBeGreaterThan(2 * WORKER_CONCURRENCY);
    expect(await harness.check()).toEqual([]);
  } finally {
    await harness.stop();
  }
});
