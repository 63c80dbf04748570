/** Workers that neither hang nor lie: poison pictures, a blocked event loop, a full heap, and a stop amid hanging calls. */
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { plainJpeg } from '../../support/images.ts';
import { type Night, ON_A_WIRE, startNight } from '../harness/index.ts';
import { signal } from '../injections.ts';

const RECOVERY_MS = 120_000;
const STUCK_AFTER_MS = 12_000;
const GRACE_MS = 6000;
/** What stopping may take beyond the grace, and what a loaded machine adds. */
const BEYOND_MS = 8000;

describe('the life of a worker', () => {
  let night: Night;
  beforeAll(async () => {
    night = await startNight({
      seed: 1001,
      env: {
        STUCK_AFTER_MS: String(STUCK_AFTER_MS),
        HEAP_CAP_MB: '250',
        UPSTREAM_DEADLINE_MS: '5000',
        SHUTDOWN_GRACE_MS: String(GRACE_MS),
      },
    });
  });
  afterAll(() => night?.stop());

  async function rested(): Promise<void> {
    await night.quiet(RECOVERY_MS);
    expect(await night.check()).toEqual([]);
  }

  /** A picture of its own that does `action` to whoever takes it in hand, until it is made harmless. */
  async function spiked(action: string, n: number) {
    const picture = await plainJpeg(320 + n, 200);
    const file = path.join(night.failpointsDir, `picture.${createHash('sha256').update(picture).digest('hex')}`);
    await writeFile(file, action);
    return { picture, harmless: () => rm(file) };
  }
  const logged = async (event: string) => {
    const logs = ['worker-1', 'worker-2'].map((name) =>
      readFile(path.join(night.app.dataDir, 'logs', `${name}.log`), 'utf8'),
    );
    return (await Promise.all(logs))
      .join('')
      .split('\n')
      .filter((line) => line.includes(`"${event}"`));
  };
  /** Throws while one of them is not there. */
  const living = () =>
    ['worker-1', 'worker-2'].map((name) => {
      const worker = night.app.stack.child(name);
      process.kill(worker.pid, 0);
      return worker;
    });
  const outcomeOf = async (id: string, tenant: string) =>
    (await night.ledger.openJob(tenant, id as `job_${string}`))!.outcome(1);

  it('a picture that kills the process fails after a few starts, and no bystander with it', async () => {
    const { picture } = await spiked('kill', 0);
    const poison = await night.during(
      { kind: 'poison', wires: 12 * ON_A_WIRE, fails: ['worker_crashed'] },
      async () => {
        const job = await night.submit({ picture });
        const bystanders = await night.submitMany(2 * ON_A_WIRE);
        await night.inbox.event(job.id);
        for (const { id, tenant } of bystanders) {
          await night.inbox.event(id);
          expect((await outcomeOf(id, tenant))?.state).toBe('succeeded');
        }
        return job;
      },
    );
    expect(await outcomeOf(poison.id, poison.tenant)).toMatchObject({ state: 'failed', code: 'worker_crashed' });
    expect(await logged('job.convicted')).toHaveLength(1);
    // Among the failed ones an operator finds it.
    await expect
      .poll(() => night.redis.hget(`{cardseal}:recognize:${poison.id}-1`, 'failedReason'), { timeout: 10_000 })
      .toBe('worker_crashed');
    await rested();
  });

  it('a worker whose event loop stands still is ended, and its cards go on elsewhere', async () => {
    const { picture, harmless } = await spiked('block 600000', 1);
    await night.during({ kind: 'event loop blocked', wires: 2 * ON_A_WIRE }, async () => {
      const restarted = night.app.stack.nextRestart();
      const job = await night.submit({ picture });
      const { name } = await restarted;
      expect(name).toMatch(/^worker-/);
      await harmless();
      await night.inbox.event(job.id);
    });
    expect((await logged('worker.blocked')).length).toBeGreaterThan(0);
    await rested();
  });

  it('a worker whose heap is full drains and ends by itself', async () => {
    const { picture, harmless } = await spiked('hoard 260', 2);
    await night.during({ kind: 'heap full', wires: 0 }, async () => {
      const job = await night.submit({ picture });
      // The log tells: a restart may be the late one of an earlier worker.
      await vi.waitFor(
        async () =>
          expect((await logged('worker.gives_up')).map((line) => JSON.parse(line).reason)).toContain('heap_cap'),
        { timeout: RECOVERY_MS, interval: 200 },
      );
      await harmless();
      await night.inbox.event(job.id);
    });
    await rested();
  });

  it.each(['upstream', 'store'])(
    'SIGTERM while the %s hangs ends within the grace, and nothing has failed',
    async (where) => {
      if (where === 'upstream') await night.app.control('PUT', { faults: [{ kind: 'hang', rate: 1 }] });
      await night.during({ kind: `${where} hangs at a stop`, wires: 2 * ON_A_WIRE }, async () => {
        const load = night.submitMany(8);
        if (where === 'upstream') await load;
        if (where === 'store') signal(night, 's3', 'SIGSTOP');
        // One that ended itself before may still be on its way back.
        const workers = await vi.waitFor(living, { timeout: RECOVERY_MS, interval: 200 });
        const startedMs = Date.now();
        for (const { pid } of workers) process.kill(pid, 'SIGTERM');
        await Promise.all(workers.map(({ exited }) => exited));
        expect(Date.now() - startedMs).toBeLessThan(GRACE_MS + BEYOND_MS);
        if (where === 'store') signal(night, 's3', 'SIGCONT');
        await night.app.control('PUT', { faults: [] });
        await load;
      });
      await rested();
    },
  );
});
