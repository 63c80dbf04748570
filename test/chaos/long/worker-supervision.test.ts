/** Supervision of the worker: poison images, a blocked event loop, a full heap, and SIGTERM while calls hang. */
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { plainJpeg } from '../../support/images.ts';
import { type Harness, startHarness, WORKER_CONCURRENCY } from '../harness/index.ts';
import { signal } from '../injections.ts';

const RECOVERY_MS = 120_000;
const STUCK_AFTER_MS = 12_000;
const GRACE_MS = 6000;
/** Time that stopping takes after the grace period, including a loaded machine. */
const BEYOND_MS = 8000;

describe('worker supervision', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({
      seed: 1001,
      env: {
        STUCK_AFTER_MS: String(STUCK_AFTER_MS),
        HEAP_CAP_MB: '250',
        UPSTREAM_DEADLINE_MS: '5000',
        SHUTDOWN_GRACE_MS: String(GRACE_MS),
      },
    });
  });
  afterAll(() => harness?.stop());

  async function settled(): Promise<void> {
    await harness.settle(RECOVERY_MS);
    expect(await harness.check()).toEqual([]);
  }

  /**
   * An image with its own failpoint file: a worker that decodes the image performs `action` until the file is removed.
   */
  async function failpointImage(action: string, n: number) {
    const image = await plainJpeg(320 + n, 200);
    const file = path.join(harness.failpointsDir, `picture.${createHash('sha256').update(image).digest('hex')}`);
    await writeFile(file, action);
    return { image, disarm: () => rm(file) };
  }
  const logged = async (event: string) => {
    const logs = ['worker-1', 'worker-2'].map((name) =>
      readFile(path.join(harness.app.dataDir, 'logs', `${name}.log`), 'utf8'),
    );
    return (await Promise.all(logs))
      .join('')
      .split('\n')
      .filter((line) => line.includes(`"${event}"`));
  };
  /** Throws while one of the workers is not running. */
  const runningWorkers = () =>
    ['worker-1', 'worker-2'].map((name) => {
      const worker = harness.app.stack.child(name);
      process.kill(worker.pid, 0);
      return worker;
    });
  const outcomeOf = async (id: string, tenant: string) =>
    (await harness.ledger.jobs.open(tenant, id as `job_${string}`))!.outcome(1);

  it('fails a job whose image kills the process after a few starts, and no other job', async () => {
    const { image } = await failpointImage('kill', 0);
    const poison = await harness.during(
      { kind: 'poison', cutCalls: 12 * WORKER_CONCURRENCY, fails: ['worker_crashed'] },
      async () => {
        const job = await harness.submit({ image });
        const bystanders = await harness.submitMany(2 * WORKER_CONCURRENCY);
        await harness.inbox.event(job.id);
        for (const { id, tenant } of bystanders) {
          await harness.inbox.event(id);
          expect((await outcomeOf(id, tenant))?.state).toBe('succeeded');
        }
        return job;
      },
    );
    expect(await outcomeOf(poison.id, poison.tenant)).toMatchObject({ state: 'failed', code: 'worker_crashed' });
    expect(await logged('job.convicted')).toHaveLength(1);
    // An operator finds it among the failed jobs of the queue.
    await expect
      .poll(() => harness.redis.hget(`{cardseal}:recognize:${poison.id}-1`, 'failedReason'), { timeout: 10_000 })
      .toBe('worker_crashed');
    await settled();
  });

  it('the watchdog ends a worker whose event loop is blocked, and its jobs finish elsewhere', async () => {
    const { image, disarm } = await failpointImage('block 600000', 1);
    await harness.during({ kind: 'event loop blocked', cutCalls: 2 * WORKER_CONCURRENCY }, async () => {
      const restarted = harness.app.stack.nextRestart();
      const job = await harness.submit({ image });
      const { name } = await restarted;
      expect(name).toMatch(/^worker-/);
      await disarm();
      await harness.inbox.event(job.id);
    });
    expect((await logged('worker.blocked')).length).toBeGreaterThan(0);
    await settled();
  });

  it('a worker with a full heap drains and exits by itself', async () => {
    const { image, disarm } = await failpointImage('hoard 260', 2);
    await harness.during({ kind: 'heap full', cutCalls: 0 }, async () => {
      const job = await harness.submit({ image });
      // Check the log, because a restart may still belong to an earlier worker.
      await vi.waitFor(
        async () =>
          expect((await logged('worker.gives_up')).map((line) => JSON.parse(line).reason)).toContain('heap_cap'),
        { timeout: RECOVERY_MS, interval: 200 },
      );
      await disarm();
      await harness.inbox.event(job.id);
    });
    await settled();
  });

  it.each(['upstream', 'store'])(
    'exits within the grace period on SIGTERM while the %s hangs, and no job fails',
    async (where) => {
      if (where === 'upstream') await harness.app.control('PUT', { faults: [{ kind: 'hang', rate: 1 }] });
      await harness.during({ kind: `${where} hangs at a stop`, cutCalls: 2 * WORKER_CONCURRENCY }, async () => {
        const load = harness.submitMany(8);
        if (where === 'upstream') await load;
        if (where === 'store') signal(harness, 's3', 'SIGSTOP');
        // A worker that exited earlier may still be restarting.
        const workers = await vi.waitFor(runningWorkers, { timeout: RECOVERY_MS, interval: 200 });
        const startedMs = Date.now();
        for (const { pid } of workers) process.kill(pid, 'SIGTERM');
        await Promise.all(workers.map(({ exited }) => exited));
        expect(Date.now() - startedMs).toBeLessThan(GRACE_MS + BEYOND_MS);
        if (where === 'store') signal(harness, 's3', 'SIGCONT');
        await harness.app.control('PUT', { faults: [] });
        await load;
      });
      await settled();
    },
  );
});
