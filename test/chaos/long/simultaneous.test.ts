/** Ends that meet in one moment: a reply, a cancel, a deadline and an erasure; and two versions of the worker at once. */
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { plainJpeg } from '../../support/images.ts';
import { ask, jsonBody, type Night, startNight } from '../harness/index.ts';
import { signal } from '../injections.ts';
import { seeded } from '../rng.ts';

const SEED = 903;
const RECOVERY_MS = 60_000;
const MOMENTS = 24;

describe('at once', () => {
  let night: Night | undefined;
  afterEach(async () => {
    await night?.stop();
    night = undefined;
  });

  it('outcome, cancel, expiry and erasure meet, and one of them wins', async () => {
    night = await startNight({ seed: SEED });
    const { app, clients, ledger } = night;
    const [client] = clients;
    const random = seeded(SEED);
    const front = { image: (await plainJpeg()).toString('base64') };
    await app.control('PUT', { latency_ms: { p50: 900, p99: 1100 } });

    const one = async () => {
      const body = { front, expires_in: 1, retain_for: 3600 };
      const { body: job } = await ask(app, client!, 'POST', '/v1/jobs', jsonBody(body));
      // The reply, the deadline and these two fall into the same second.
      const at = (ms: number, act: () => Promise<{ status: number }>) =>
        new Promise<number>((resolve, reject) => setTimeout(() => act().then((it) => resolve(it.status), reject), ms));
      const [cancel, erase] = await Promise.all([
        at(850 + random() * 300, () => ask(app, client!, 'POST', `/v1/jobs/${job.id}/cancel`)),
        at(850 + random() * 500, () => ask(app, client!, 'DELETE', `/v1/jobs/${job.id}`)),
      ]);
      return { id: job.id as Parameters<typeof ledger.openJob>[1], cancel, erase };
    };
    const ends = await Promise.all(Array.from({ length: MOMENTS }, one));
    for (const { cancel, erase } of ends) {
      expect([200, 404, 409, 410]).toContain(cancel);
      expect(erase).toBe(200);
    }
    await night.quiet(RECOVERY_MS);
    for (const { id } of ends) {
      expect((await ask(app, client!, 'GET', `/v1/jobs/${id}`)).body.state).toBe('erased');
      expect((await ledger.inventory(client!.tenant, id)).keys.filter((key) => !key.endsWith('/tombstone'))).toEqual(
        [],
      );
      await night.inbox.event(id);
    }
    const told = Map.groupBy(night.inbox.arrived, ({ job }) => job);
    for (const { id } of ends) {
      const outcomes = told.get(id)!.filter(({ type }) => type !== 'job.erased');
      expect(new Set(outcomes.map(({ type }) => type)).size).toBeLessThanOrEqual(1);
      expect(new Set(outcomes.map(({ bytesSha256 }) => bytesSha256)).size).toBeLessThanOrEqual(1);
      expect(told.get(id)!.every(({ verified }) => verified)).toBe(true);
    }
  });

  it('workers of two configurations share the work while each is replaced in turn', async () => {
    const other = { LOCK_DURATION_MS: '8000', RECOGNIZE_CONCURRENCY: '3', RECONCILE_INTERVAL_MS: '2000' };
    night = await startNight({
      seed: SEED,
      tenants: 2,
      env: {
        NODE_OPTIONS: `--import=${path.join(import.meta.dirname, 'simultaneous/other-settings.mjs')}`,
        OTHER_SETTINGS: JSON.stringify({ 'worker-2': other }),
      },
    });
    const load = night.submitMany(60);
    for (const worker of ['worker-1', 'worker-2', 'worker-1']) {
      const restarted = night.app.stack.nextRestart();
      signal(night, worker, 'SIGTERM');
      await restarted;
    }
    await load;
    await night.quiet(RECOVERY_MS);
    expect(await night.check()).toEqual([]);
  });
});
