/** Workers and the API killed, stopped and failed between every two steps, and whenever it pleases chance. */
import { setTimeout as delay } from 'node:timers/promises';
import { FAILPOINTS, type Failpoint } from '@cardseal/core/failpoints';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonBody, type Night, ON_A_WIRE, startNight } from './night.ts';

const SEED = 501;
const RECOVERY_MS = 60_000;
const of = (...rooms: string[]) => FAILPOINTS.filter((name) => rooms.includes(name.split('.')[0]!));
const WORKER_POINTS: Failpoint[] = of('recognize', 'announce');
const API_POINTS: Failpoint[] = of('submit');

describe('processes die', () => {
  let night: Night;
  let repeats = 0;
  beforeAll(async () => {
    night = await startNight({ seed: SEED });
  });
  afterAll(() => night?.stop());

  /** Submits until every armed failpoint was met, then waits for rest and asks the checker. */
  async function untilMet(): Promise<void> {
    const deadlineMs = Date.now() + RECOVERY_MS;
    while ((await night.armed()).length > 0) {
      if (Date.now() > deadlineMs) throw new Error(`never met: ${await night.armed()}`);
      await night.submitMany(4);
      await delay(100);
    }
    await night.quiet(RECOVERY_MS);
    expect(await night.check({ allowedRepeats: repeats, mayFail: false })).toEqual([]);
  }

  it('a worker killed between every two steps loses nothing', async () => {
    for (const point of WORKER_POINTS) await night.arm(point, 'kill');
    repeats += WORKER_POINTS.length * ON_A_WIRE;
    await untilMet();
  });

  it('a step that throws is taken again', async () => {
    for (const point of WORKER_POINTS) await night.arm(point, 'throw');
    repeats += 1;
    await untilMet();
  });

  it('an API killed between every two writes answers the second try with the same job', async () => {
    for (const point of API_POINTS) {
      await night.arm(point, 'kill');
      const restarted = night.app.stack.nextRestart();
      const before = night.told.length;
      await night.submitMany(3);
      expect((await restarted).name).toBe('api');
      expect(night.told.length - before).toBe(3);
    }
    await untilMet();
  });

  it('a worker that slept past its lock wakes beside its successor, and one outcome stands', async () => {
    const worker = night.app.stack.child('worker-1').pid;
    await night.submitMany(30);
    process.kill(worker, 'SIGSTOP');
    repeats += ON_A_WIRE;
    await Promise.all(night.told.slice(-30).map(({ id }) => night.sink.events(id)));
    process.kill(worker, 'SIGCONT');
    await night.quiet(RECOVERY_MS);
    expect(await night.check({ allowedRepeats: repeats, mayFail: false })).toEqual([]);
  });

  it('fifty times the same request at once is one job and one call', async () => {
    const picture = (await import('../support/pictures.ts')).plainJpeg();
    const request = jsonBody({ front: { image: (await picture).toString('base64') } }, 'fifty');
    const answers = await Promise.all(Array.from({ length: 50 }, () => night.app.call('POST', '/v1/jobs', request)));
    expect(answers.filter(({ status }) => status !== 202)).toEqual([]);
    const ids = new Set(answers.map(({ body }) => body.id));
    expect(ids.size).toBe(1);
    const [id] = ids;
    expect((await night.app.finished(id)).attempts).toHaveLength(1);
    expect(await night.sink.events(id)).toHaveLength(1);
    night.sink.received.splice(
      night.sink.received.findIndex(({ data }) => data.id === id),
      1,
    );
  });

  it('the checker finds what is wrong when something is', async () => {
    const evidence = await night.evidence({ allowedRepeats: repeats, mayFail: false });
    const { violations } = await import('./checker.ts');
    const [job] = evidence.told;
    const without = (id: string) => evidence.delivered.filter((event) => event.job !== id);
    const accepted = evidence.calls.filter(({ outcome }) => outcome === 'accepted');
    const told = [...evidence.told, { ...job!, id: 'job_00000000000000000000000000' as const }];
    const spoilt = evidence.delivered.map((event) => ({ ...event, raw: `${event.raw} ` }));
    expect((await violations({ ...evidence, delivered: without(job!.id) })).join()).toMatch(/I3 .*never delivered/);
    expect((await violations({ ...evidence, delivered: spoilt })).join()).toMatch(/I3 .*other bytes/);
    expect((await violations({ ...evidence, told })).join()).toMatch(/I1 .*no request/);
    expect((await violations({ ...evidence, told: [{ ...job!, truth: {} }] })).join()).toMatch(/I4/);
    const twice = [...evidence.calls, ...accepted, ...accepted];
    expect((await violations({ ...evidence, calls: twice })).join()).toMatch(/I2: .*repeated/);
    const late = [{ at: Date.now() + 60_000, outcome: 'accepted', image_sha256: job!.pictureSha256 }];
    expect((await violations({ ...evidence, calls: late })).join()).toMatch(/I2 .*after its reply/);
    expect((await violations({ ...evidence, told: [] })).join()).toMatch(/I7/);
  });
});
