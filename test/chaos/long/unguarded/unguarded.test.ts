/**
 * Removes guards from the running processes, one at a time. Under the same fault the checker must find nothing with the
 * guard and something without it. Otherwise the checker could not detect a missing guard.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, startRedis } from '@cardseal/dev';
import { describe, expect, it } from 'vitest';
import { plainJpeg } from '../../../support/images.ts';
import { type Harness, type HarnessOptions, startHarness, WORKER_CONCURRENCY } from '../../harness/index.ts';
import { startTcpProxy, type TcpProxy } from '../network/tcp-proxy.ts';

const STUCK_AFTER_MS = 5000;
/** Long after a guard has acted. Without the guard, waiting longer changes nothing. */
const GIVE_UP_MS = 60_000;
const CARDS = 6;
const WRONG_MS = 600_000;
const PRELOADS = ['./remove-guard.mjs', '../clocks/skewed.mjs'].map((file) => path.join(import.meta.dirname, file));
const ALL_CALLS = { cutCalls: 2 * WORKER_CONCURRENCY };

type Undo = () => unknown;
interface Harm {
  guard: string;
  /** Options of the stack, and a proxy that can make a connection bad. */
  prepare?: (undo: Undo[]) => Promise<{ options: Partial<HarnessOptions>; proxy: TcpProxy }>;
  env?: NodeJS.ProcessEnv;
  apps?: NodeJS.ProcessEnv;
  workers?: number;
  /** Injects the fault under load; resolves when the guard has had time to act. */
  harm: (harness: Harness, proxy: TcpProxy | undefined) => Promise<unknown>;
  /** What the checker reports without the guard. */
  finds: RegExp;
}

/** Routes the stack's connections to Redis or to the store through a proxy. */
async function throughProxy(to: 'redis' | 's3', undo: Undo[]) {
  if (to === 's3') {
    const s3 = await freePort();
    const proxy = await startTcpProxy(s3);
    undo.push(proxy.stop);
    const apps = { S3_ENDPOINT: `http://127.0.0.1:${proxy.port}` };
    return { proxy, options: { ports: { s3 }, apps } };
  }
  const dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-unguarded-'));
  const redis = await startRedis({ dataDir });
  const proxy = await startTcpProxy(redis.port);
  undo.push(() => rm(dataDir, { recursive: true, force: true }), redis.stop, proxy.stop);
  const apps = { REDIS_URL: redis.url.replace(`:${redis.port}/`, `:${proxy.port}/`) };
  return { proxy, options: { redisUrl: redis.url, apps } };
}

const HARMS: Harm[] = [
  {
    guard: 'event-loop monitor',
    workers: 1,
    env: { STUCK_AFTER_MS: String(STUCK_AFTER_MS) },
    finds: /I1 .*no outcome.*I6: pending/,
    async harm(harness) {
      const image = await plainJpeg(330, 200);
      const file = path.join(harness.failpointsDir, `picture.${createHash('sha256').update(image).digest('hex')}`);
      await writeFile(file, 'block 600000');
      const restarted = harness.app.stack.nextRestart();
      await harness.submit({ image });
      await Promise.race([restarted, delay(3 * STUCK_AFTER_MS)]);
      await rm(file);
    },
  },
  {
    guard: 'watchdog',
    workers: 1,
    env: {
      STUCK_AFTER_MS: String(STUCK_AFTER_MS),
      RECOGNIZE_CONCURRENCY: '1',
      UPSTREAM_DEADLINE_MS: '2000',
      SHUTDOWN_GRACE_MS: '3000',
    },
    finds: /I1 .*no outcome.*I6: pending/,
    harm: (harness) => harness.arm('recognize.fetched', 'hang'),
  },
  {
    guard: 'time-outs to Redis',
    prepare: (undo) => throughProxy('redis', undo),
    finds: /I1 .*no outcome.*I6: pending/,
    harm: async (_harness, proxy) => proxy!.behave('dead'),
  },
  {
    guard: 'time-outs to the store',
    // Otherwise the watchdog ends the worker after a minute and hides the missing timeout.
    env: { STUCK_AFTER_MS: '600000' },
    prepare: (undo) => throughProxy('s3', undo),
    finds: /I1 .*no outcome.*I6: pending/,
    async harm(harness, proxy) {
      // The workers store these replies over connections that broke meanwhile.
      await harness.app.control('PUT', { latency_ms: { p50: 3000, p99: 3100 } });
      await harness.submitMany(CARDS);
      proxy!.behave('dead');
    },
  },
  {
    guard: 'quorum clock',
    env: { CLOCK_SKEWS_MS: JSON.stringify({ 'worker-1': WRONG_MS, 'worker-2': -WRONG_MS }) },
    finds: /I3 .*signature does not verify/,
    harm: async () => {},
  },
];

/** Returns what the checker finds after the fault. */
async function run({ guard, prepare, harm, env, apps, workers = 2 }: Harm, guarded: boolean): Promise<string> {
  const undo: Undo[] = [];
  try {
    const prepared = await prepare?.(undo);
    const harness = await startHarness({
      seed: 1101,
      workers,
      ...prepared?.options,
      env: {
        ...env,
        NODE_OPTIONS: PRELOADS.map((file) => `--import=${file}`).join(' '),
        ...(guarded ? {} : { WITHOUT_GUARD: guard }),
      },
      apps: { ...apps, ...prepared?.options.apps },
    });
    undo.push(harness.stop);
    await harness.during({ kind: guard, ...ALL_CALLS, fails: ['upstream_'] }, async () => {
      const load = harness.submitMany(CARDS);
      await harm(harness, prepared?.proxy);
      await load;
      // By then the guard has repaired what it can; the checker reports the rest.
      await harness.settle(GIVE_UP_MS).catch(() => {});
    });
    return (await harness.check()).join('\n');
  } finally {
    for (const one of undo.reverse()) await one();
  }
}

describe.each(HARMS)('$guard', (harm) => {
  it('the checker finds nothing with the guard', async () => expect(await run(harm, true)).toBe(''));
  it('the checker finds the fault without the guard', async () =>
    expect((await run(harm, false)).replaceAll('\n', ' ')).toMatch(harm.finds));
});
