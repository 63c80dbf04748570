/** With the settings as they come, what a killed worker had in hand goes on within 45 s; nothing is restarted for it. */
import { expect, it } from 'vitest';
import { startHarness, WORKER_CONCURRENCY } from '../harness/index.ts';
import { signal } from '../injections.ts';

/** 1.5 × LOCK_DURATION_MS, as docs/concepts.md says. */
const PROMISED_MS = 45_000;
/** The calls themselves, and a busy machine. */
const SLACK_MS = 10_000;

it('the cards of a killed worker end within 45 s by default', async () => {
  const harness = await startHarness({
    seed: 904,
    workers: 2,
    env: { LOCK_DURATION_MS: '30000', RECONCILE_INTERVAL_MS: '60000' },
  });
  try {
    // Every card is on a wire, at one worker or the other, when one of them dies.
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
    console.log(`all ended ${tookMs} ms after the kill`);
    // The dead worker had some in hand: they took longer than those of the other.
    expect((await harness.app.stats()).calls).toBeGreaterThan(2 * WORKER_CONCURRENCY);
    expect(await harness.check()).toEqual([]);
  } finally {
    await harness.stop();
  }
});
