/**
 * Workers and the API killed, stopped and failed between steps, and whenever it pleases chance: the rows of two runs, a
 * short one that samples and a long one that leaves nothing out.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { FAILPOINTS, type Failpoint, type FailpointAction } from '@cardseal/core/failpoints';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { plainJpeg } from '../../support/images.ts';
import { ask, jsonBody, type Night, ON_A_WIRE, startNight } from '../harness/index.ts';
import { frozen, killedOften, STRIKES } from '../injections.ts';
import { seeded } from '../rng.ts';

const SEED = 501;
const RECOVERY_MS = 60_000;
const of = (...rooms: string[]) => FAILPOINTS.filter((name) => rooms.includes(name.split('./')[0]!));
export const WORKER_POINTS: readonly Failpoint[] = of('recognize', 'announce');
export const API_POINTS: readonly Failpoint[] = of('submit');

export interface Deaths {
  /** Where workers are killed; they are failed at every point. */
  workerPoints: readonly Failpoint[];
  apiPoints: readonly Failpoint[];
  /** For how long workers are killed at random. */
  oftenMs: number;
}

export function describeDeaths({ workerPoints, apiPoints, oftenMs }: Deaths): void {
  let night: Night;
  beforeAll(async () => {
    night = await startNight({ seed: SEED, tenants: 2 });
  });
  afterAll(() => night?.stop());

  async function rested(): Promise<void> {
    await night.quiet(RECOVERY_MS);
    expect(await night.check()).toEqual([]);
  }

  /** Arms them, and submits until every one was met. */
  async function untilMet(points: readonly Failpoint[], action: FailpointAction): Promise<void> {
    for (const point of points) await night.arm(point, action);
    const deadlineMs = Date.now() + RECOVERY_MS;
    while ((await night.armed()).length > 0) {
      if (Date.now() > deadlineMs) throw new Error(`never met: ${await night.armed()}`);
      await night.submitMany(4);
      await delay(100);
    }
  }

  it(`a worker killed at ${workerPoints.length} points between its steps loses nothing`, async () => {
    const incident = { kind: 'workers killed at points', wires: workerPoints.length * ON_A_WIRE };
    await night.during(incident, () => untilMet(workerPoints, 'kill'));
    await rested();
  });

  it('a step that throws is taken again', async () => {
    // Thrown between the reply and its checkpoint, it costs the one call that was paid.
    await night.during({ kind: 'steps throw', wires: 1 }, () => untilMet(WORKER_POINTS, 'throw'));
    await rested();
  });

  it(`an API killed at ${apiPoints.length} points between its writes answers the second try with the same job`, async () => {
    for (const point of apiPoints) {
      await night.arm(point, 'kill');
      const restarted = night.app.stack.nextRestart();
      const before = night.told.length;
      await night.submitMany(3);
      expect((await restarted).name).toBe('api');
      expect(night.told.length - before).toBe(3);
    }
    expect(await night.armed()).toEqual([]);
    await rested();
  });

  it('a worker that slept past its lock wakes beside its successor, and one outcome stands', async () => {
    const load = night.submitMany(30);
    await night.during({ kind: 'worker frozen', wires: ON_A_WIRE }, async () => {
      const asleep = frozen(night, 'worker-1', 12_000);
      await Promise.all((await load).map(({ id }) => night.inbox.event(id)));
      await asleep;
    });
    await rested();
  });

  it(`workers killed every one to three seconds for ${oftenMs / 1000} s finish all the same`, async () => {
    const load = night.submitMany(40);
    const { fails } = STRIKES['workers killed often'];
    const incident = { kind: 'workers killed often', wires: (oftenMs / 1000) * ON_A_WIRE, fails };
    await night.during(incident, () => killedOften(night, oftenMs, seeded(SEED)));
    await load;
    await rested();
  });

  it('fifty times the same request at once is one job and one call', async () => {
    const request = jsonBody({ front: { image: (await plainJpeg()).toString('base64') } }, 'fifty');
    const [client] = night.clients;
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => ask(night.app, client!, 'POST', '/v1/jobs', request)),
    );
    expect(answers.filter(({ status }) => status !== 202)).toEqual([]);
    const ids = new Set(answers.map(({ body }) => body.id));
    expect(ids.size).toBe(1);
    const [id] = ids;
    expect((await night.app.finished(id)).attempts).toHaveLength(1);
    await night.inbox.event(id);
    night.told.push({ id, tenant: client!.tenant, toldAtMs: Date.now(), pictureSha256: '-', truth: null });
    await rested();
  });
}
