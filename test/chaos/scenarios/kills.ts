/**
 * Kills, stops and fails workers and the API between steps and at random times. A short suite samples the failpoints; a
 * long one covers all of them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { FAILPOINTS, type Failpoint, type FailpointAction } from '@cardseal/core/failpoints';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { plainJpeg } from '../../support/images.ts';
import { ask, type Harness, jsonBody, startHarness, WORKER_CONCURRENCY } from '../harness/index.ts';
import { frozen, INJECTIONS, killedOften } from '../injections.ts';
import { seededRandom } from '../rng.ts';

const SEED = 501;
const RECOVERY_MS = 60_000;
const pointsOf = (...groups: string[]) => FAILPOINTS.filter((name) => groups.includes(name.split('.')[0]!));
export const WORKER_POINTS: readonly Failpoint[] = pointsOf('recognize', 'announce');
export const API_POINTS: readonly Failpoint[] = pointsOf('submit');

export interface Deaths {
  /** Failpoints at which workers are killed. At every worker failpoint a step also throws. */
  workerPoints: readonly Failpoint[];
  apiPoints: readonly Failpoint[];
  /** How long workers are killed at random, in ms. */
  oftenMs: number;
}

export function describeDeaths({ workerPoints, apiPoints, oftenMs }: Deaths): void {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ seed: SEED, tenants: 2 });
  });
  afterAll(() => harness?.stop());

  it(`loses nothing when a worker is killed at ${workerPoints.length} points between its steps`, async () => {
    const incident = { kind: 'workers killed at points', cutCalls: workerPoints.length * WORKER_CONCURRENCY };
    await harness.during(incident, () => untilReached(harness, workerPoints, 'kill'));
    await settled(harness);
  });

  it('repeats a step that throws', async () => {
    // A throw between the reply and its checkpoint costs the one call that was already paid.
    await harness.during({ kind: 'steps throw', cutCalls: 1 }, () => untilReached(harness, WORKER_POINTS, 'throw'));
    await settled(harness);
  });

  it(`answers the repeated submit with the same job after an API was killed at ${apiPoints.length} points between its writes`, async () => {
    for (const point of apiPoints) {
      await harness.arm(point, 'kill');
      const restarted = harness.app.stack.nextRestart();
      const before = harness.accepted.length;
      await harness.submitMany(3);
      expect((await restarted).name).toBe('api');
      expect(harness.accepted.length - before).toBe(3);
    }
    expect(await harness.armed()).toEqual([]);
    await settled(harness);
  });

  it('leaves one outcome when a worker resumes after its lock expired, next to its successor', async () => {
    const load = harness.submitMany(30);
    await harness.during({ kind: 'worker frozen', cutCalls: WORKER_CONCURRENCY }, async () => {
      const stopped = frozen(harness, 'worker-1', 12_000);
      await Promise.all((await load).map(({ id }) => harness.inbox.event(id)));
      await stopped;
    });
    await settled(harness);
  });

  it(`finishes all jobs while workers are killed every one to three seconds for ${oftenMs / 1000} s`, async () => {
    const load = harness.submitMany(40);
    const { fails } = INJECTIONS['workers killed often'];
    const incident = { kind: 'workers killed often', cutCalls: (oftenMs / 1000) * WORKER_CONCURRENCY, fails };
    await harness.during(incident, () => killedOften(harness, oftenMs, seededRandom(SEED)));
    await load;
    await settled(harness);
  });

  it('makes one job and one call of fifty identical requests at once', async () => {
    const request = jsonBody({ front: { image: (await plainJpeg()).toString('base64') } }, 'fifty');
    const [client] = harness.clients;
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => ask(harness.app, client!, 'POST', '/v1/jobs', request)),
    );
    expect(answers.filter(({ status }) => status !== 202)).toEqual([]);
    const ids = new Set(answers.map(({ body }) => body.id));
    expect(ids.size).toBe(1);
    const [id] = ids;
    expect((await harness.app.finished(id)).attempts).toHaveLength(1);
    await harness.inbox.event(id);
    harness.accepted.push({ id, tenant: client!.tenant, acceptedAtMs: Date.now(), imageSha256: '-', truth: null });
    await settled(harness);
  });
}

async function settled(harness: Harness): Promise<void> {
  await harness.settle(RECOVERY_MS);
  expect(await harness.check()).toEqual([]);
}

/** Arms the failpoints and submits jobs until a process has reached each of them. */
async function untilReached(harness: Harness, points: readonly Failpoint[], action: FailpointAction): Promise<void> {
  for (const point of points) await harness.arm(point, action);
  const deadlineMs = Date.now() + RECOVERY_MS;
  while ((await harness.armed()).length > 0) {
    if (Date.now() > deadlineMs) throw new Error(`never reached: ${await harness.armed()}`);
    await harness.submitMany(4);
    await delay(100);
  }
}
