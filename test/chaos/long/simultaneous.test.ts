/** A reply, a cancel, a deadline and an erasure in the same moment; and two configurations of the worker at once. */
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { plainJpeg } from '../../support/images.ts';
import { ask, type Harness, jsonBody, startHarness } from '../harness/index.ts';
import { signal } from '../injections.ts';
import { seededRandom } from '../rng.ts';

const SEED = 903;
const RECOVERY_MS = 60_000;
const MOMENTS = 24;

describe('simultaneous events', () => {
  let harness: Harness | undefined;
  afterEach(async () => {
    await harness?.stop();
    harness = undefined;
  });

  it('exactly one of outcome, cancel, expiry and erasure wins', async () => {
    harness = await startHarness({ seed: SEED });
    const { app, clients, ledger } = harness;
    const [client] = clients;
    const random = seededRandom(SEED);
    const front = { image: (await plainJpeg()).toString('base64') };
    await app.control('PUT', { latency_ms: { p50: 900, p99: 1100 } });

    const one = async () => {
      const body = { front, expires_in: 1, retain_for: 3600 };
      const { body: job } = await ask(app, client!, 'POST', '/v1/jobs', jsonBody(body));
      // The reply, the deadline and these two requests fall into the same second.
      const at = (ms: number, act: () => Promise<{ status: number }>) =>
        new Promise<number>((resolve, reject) => setTimeout(() => act().then((it) => resolve(it.status), reject), ms));
      const [cancel, erase] = await Promise.all([
        at(850 + random() * 300, () => ask(app, client!, 'POST', `/v1/jobs/${job.id}/cancel`)),
        at(850 + random() * 500, () => ask(app, client!, 'DELETE', `/v1/jobs/${job.id}`)),
      ]);
      return { id: job.id as Parameters<typeof ledger.jobs.open>[1], cancel, erase };
    };
    const ends = await Promise.all(Array.from({ length: MOMENTS }, one));
    for (const { cancel, erase } of ends) {
      expect([200, 404, 409, 410]).toContain(cancel);
      expect(erase).toBe(200);
    }
    await harness.settle(RECOVERY_MS);
    for (const { id } of ends) {
      expect((await ask(app, client!, 'GET', `/v1/jobs/${id}`)).body.state).toBe('erased');
      expect(
        (await ledger.jobs.inventory(client!.tenant, id)).keys.filter((key) => !key.endsWith('/tombstone')),
      ).toEqual([]);
      await harness.inbox.event(id);
    }
    const events = Map.groupBy(harness.inbox.arrived, ({ job }) => job);
    for (const { id } of ends) {
      const outcomes = events.get(id)!.filter(({ type }) => type !== 'job.erased');
      expect(new Set(outcomes.map(({ type }) => type)).size).toBeLessThanOrEqual(1);
      expect(new Set(outcomes.map(({ bytesSha256 }) => bytesSha256)).size).toBeLessThanOrEqual(1);
      expect(events.get(id)!.every(({ verified }) => verified)).toBe(true);
    }
  });

  it('workers with two configurations share the work while each is replaced in turn', async () => {
    const other = { LOCK_DURATION_MS: '8000', RECOGNIZE_CONCURRENCY: '3', RECONCILE_INTERVAL_MS: '2000' };
    harness = await startHarness({
      seed: SEED,
      tenants: 2,
      env: {
        NODE_OPTIONS: `--import=${path.join(import.meta.dirname, 'simultaneous/other-settings.mjs')}`,
        OTHER_SETTINGS: JSON.stringify({ 'worker-2': other }),
      },
    });
    const load = harness.submitMany(60);
    for (const worker of ['worker-1', 'worker-2', 'worker-1']) {
      const restarted = harness.app.stack.nextRestart();
      signal(harness, worker, 'SIGTERM');
      await restarted;
    }
    await load;
    await harness.settle(RECOVERY_MS);
    expect(await harness.check()).toEqual([]);
  });
});
