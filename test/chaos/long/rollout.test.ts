/**
 * Two builds at once: under load every process is replaced by one of another build and, as after a bad release, back
 * again. No job is lost, no side is called twice, and every outcome arrives.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestStack, startWebhookSink, type TestStack, type WebhookSink } from '../../support/stack.ts';
import { stamped } from '../../support/vary-jpeg.ts';
import { type Build, copiedBuild, thisBuild } from './rollout/build.ts';
import { createFleet, type Fleet } from './rollout/fleet.ts';

const NEW_VERSION = '99.0.0';
const SUBMIT_EVERY_MS = 400;
const RETRY_MS = 100;

let app: TestStack;
let sink: WebhookSink;
let fleet: Fleet;
let folder: string;
let builds: { old: Build; new: Build };
let specimen: Specimen;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'cardseal-build-'));
  // The stack's own API and admin receive no load.
  [app, sink] = await Promise.all([startTestStack({ workers: 0, baiduQps: 50 }), startWebhookSink()]);
  builds = { old: await thisBuild(), new: await copiedBuild(folder, NEW_VERSION) };
  fleet = createFleet(app.stack.env, path.join(app.dataDir, 'logs'));
  for (const role of ['api', 'worker', 'worker'] as const) await fleet.start(role, builds.old);
  [specimen] = (await Array.fromAsync(generateSpecimens({ count: 1, seed: 31, scenario: 'good', scale: 0.5 }))) as [
    Specimen,
  ];
  const { body } = await app.call('POST', '/v1/webhook-endpoints', {
    body: JSON.stringify({ url: sink.url }),
    headers: { 'content-type': 'application/json' },
  });
  sink.verifyWith(body.secret);
});
afterAll(async () => {
  await fleet?.stop();
  await app?.stop();
  await sink?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Submits to the newest API process and repeats the request with the same key, as the contract requires. */
async function submit(n: number): Promise<string> {
  const body = JSON.stringify({ front: { image: stamped(specimen.front, n).toString('base64') } });
  const authorization = `Bearer ${app.stack.info.apiKey}`;
  const headers = { authorization, 'content-type': 'application/json', 'idempotency-key': randomUUID() };
  for (;;) {
    const { port } = fleet.members.findLast(({ role }) => role === 'api')!;
    const response = await fetch(`http://127.0.0.1:${port}/v1/jobs`, { method: 'POST', headers, body }).catch(
      () => null,
    );
    if (response?.status === 202) return ((await response.json()) as { id: string }).id;
    if (response && response.status !== 503) throw new Error(`submit: ${response.status} ${await response.text()}`);
    await delay(RETRY_MS);
  }
}

function startLoad() {
  const submitted: Promise<string>[] = [];
  const stopping = new AbortController();
  const pacing = (async () => {
    while (!stopping.signal.aborted) {
      submitted.push(submit(submitted.length));
      await delay(SUBMIT_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  })();
  return async () => {
    stopping.abort();
    await pacing;
    return Promise.all(submitted);
  };
}

const versionsOf = async () =>
  (await Promise.all(fleet.members.map(({ metrics }) => metrics()))).map(
    (text) => /^cardseal_build_info\{.*version="([^"]+)".*\} 1$/m.exec(text)?.[1],
  );

/** Jobs finished by the current workers. */
async function endedByWorkers(): Promise<number> {
  const texts = await Promise.all(fleet.members.filter(({ role }) => role === 'worker').map((one) => one.metrics()));
  return texts
    .flatMap((text) => [...text.matchAll(/^cardseal_outcomes_total\{.*\} (\d+)$/gm)])
    .reduce((sum, [, count]) => sum + Number(count), 0);
}

it('a build replaces another under load and is rolled back; no job is lost and no call is paid twice', async () => {
  const stopLoad = startLoad();
  await expect.poll(endedByWorkers, { timeout: 30_000 }).toBeGreaterThan(4);
  const old = builds.old.version;
  expect(await versionsOf()).toEqual([old, old, old]);

  expect(await fleet.rollTo(builds.new)).toEqual([0, 0, 0]);
  expect(await versionsOf()).toEqual([NEW_VERSION, NEW_VERSION, NEW_VERSION]);
  await expect.poll(endedByWorkers, { timeout: 30_000 }).toBeGreaterThan(4);

  expect(await fleet.rollTo(builds.old)).toEqual([0, 0, 0]);
  await expect.poll(endedByWorkers, { timeout: 30_000 }).toBeGreaterThan(4);
  const jobs = await stopLoad();

  const ends = await Promise.all(jobs.map((id) => app.finished(id)));
  expect(new Set(ends.map(({ state }) => state))).toEqual(new Set(['succeeded']));
  await Promise.all(jobs.map((id) => sink.events(id)));
  for (const events of Map.groupBy(sink.received, ({ data }) => data.id).values()) {
    expect(new Set(events.map(({ id }) => id)).size).toBe(1);
    expect(new Set(events.map(({ raw }) => raw)).size).toBe(1);
  }
  const { duplicates_by_image: twice, accepted } = await app.stats();
  expect({ twice, accepted }).toEqual({ twice: 0, accepted: jobs.length });
  console.log(`${jobs.length} jobs through two rollouts`);
});
