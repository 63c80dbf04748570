/** With the settings as they come, what a killed worker had in hand goes on within 45 s; nothing is restarted for it. */
import { expect, it } from 'vitest';
import { ON_A_WIRE, startNight } from '../harness/index.ts';
import { signal } from '../injections.ts';

/** 1.5 × LOCK_DURATION_MS, as docs/concepts.md says. */
const PROMISED_MS = 45_000;
/** The calls themselves, and a busy machine. */
const SLACK_MS = 10_000;

it('the cards of a killed worker end within 45 s by default', async () => {
  const night = await startNight({
    seed: 904,
    workers: 2,
    env: { LOCK_DURATION_MS: '30000', RECONCILE_INTERVAL_MS: '60000' },
  });
  try {
    // Every card is on a wire, at one worker or the other, when one of them dies.
    await night.app.control('PUT', { latency_ms: { p50: 3000, p99: 3100 } });
    const load = night.submitMany(2 * ON_A_WIRE);
    await load;
    await expect.poll(async () => (await night.app.stats()).calls, { timeout: 15_000 }).toBe(2 * ON_A_WIRE);
    const killedMs = Date.now();
    await night.during({ kind: 'worker killed', wires: ON_A_WIRE }, async () => {
      signal(night, 'worker-1', 'SIGKILL');
      await night.quiet(PROMISED_MS + SLACK_MS);
    });
    const tookMs = Date.now() - killedMs;
    console.log(`all ended ${tookMs} ms after the kill`);
    // The dead worker had some in hand: they took longer than those of the other.
    expect((await night.app.stats()).calls).toBeGreaterThan(2 * ON_A_WIRE);
    expect(await night.check()).toEqual([]);
  } finally {
    await night.stop();
  }
});
