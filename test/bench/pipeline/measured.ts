/**
 * One measured process: fills its ledger, warms up, processes its jobs, and reports time and requests to its parent.
 */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobId } from '@cardseal/core/job';
import { silentLog } from '@cardseal/core/log';
import { createWorker } from '@cardseal/worker';
import { readConfig } from '@cardseal/worker/config';
import { plainJpeg } from '../../support/images.ts';
import { createBareScript } from './bare.ts';
import { benchLedger, countedStore, PREFIX, seedCards } from './store.ts';

export interface Order {
  kind: 'worker' | 'bare';
  cards: number;
  warmUp: number;
  pictureBytes: number;
  concurrency: number;
  redisUrl: string;
  upstreamUrl: string;
  publicPem: string;
  dataDir: string;
  /** The folder for a profile of the measured part. */
  profileDir?: string | undefined;
}

/** By then a starting worker has scanned the ledger once. */
const FIRST_WALK_MS = 4000;

export type ToParent = { enqueue: readonly JobId[] } | { measured: Measured };

export interface Measured {
  perSecond: number;
  cpuMsPerCard: number;
  storePerCard: Record<string, number>;
}

async function measure(order: Order): Promise<Measured> {
  const { store, counts, reset, closed } = countedStore();
  const ledger = benchLedger(store);
  const jpeg = await plainJpeg(900, 600);
  const seed = (cards: number) => seedCards(ledger, jpeg, order.pictureBytes, cards);
  const work = order.kind === 'worker' ? await workerOf(order, ledger, closed) : await bareOf(order, ledger);
  await work.run(await seed(order.warmUp), order.warmUp);
  // Fill the ledger after the worker's first scan, which does not belong to the cost of a job.
  if (order.kind === 'worker') await delay(FIRST_WALK_MS);
  const jobs = await seed(order.cards);
  reset();
  const profiled = order.profileDir
    ? await startProfile(path.join(order.profileDir, `${order.kind}.cpuprofile`))
    : null;
  const cpuAtStart = process.cpuUsage();
  const startedAt = performance.now();
  await work.run(jobs, order.warmUp + jobs.length);
  const wallMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuAtStart);
  await profiled?.();
  await work.stop();
  return {
    perSecond: (order.cards * 1000) / wallMs,
    cpuMsPerCard: (user + system) / 1000 / order.cards,
    storePerCard: Object.fromEntries(Object.entries(counts).map(([kind, n]) => [kind, n / order.cards])),
  };
}

/** Starts the CPU profile and returns a function that ends and writes it. */
async function startProfile(file: string): Promise<() => Promise<void>> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  return async () => writeFileSync(file, JSON.stringify((await session.post('Profiler.stop')).profile));
}

interface Work {
  /** @param closed the number of finished jobs when the run ends. */
  run(jobs: readonly JobId[], closed: number): Promise<void>;
  stop(): Promise<void>;
}

async function bareOf(order: Order, ledger: ReturnType<typeof benchLedger>): Promise<Work> {
  const script = createBareScript({ ...order, ledger });
  await script.start();
  return { run: (jobs) => script.run(jobs), stop: () => script.stop() };
}

async function workerOf(
  order: Order,
  ledger: ReturnType<typeof benchLedger>,
  closed: (cards: number) => Promise<void>,
): Promise<Work> {
  const worker = createWorker(readConfig(environment(order)), { ledger, log: silentLog });
  await worker.start();
  return {
    async run(jobs, done) {
      // Enqueueing is the work of the API, so it is not part of the measured time.
      process.send!({ enqueue: jobs } satisfies ToParent);
      await closed(done);
    },
    stop: () => worker.stop(),
  };
}

/** One credential with a rate that the run never reaches: it measures work, not waiting. */
function environment({ dataDir, redisUrl, upstreamUrl, publicPem, concurrency }: Order): NodeJS.ProcessEnv {
  const file = (name: string, content: string | Buffer) => {
    const full = path.join(dataDir, name);
    writeFileSync(full, content, { mode: 0o600 });
    return full;
  };
  const pool = [{ id: 'main', provider: 'baidu-idcard-enc', api_key: 'bench', secret_key: 'bench', qps: 10_000 }];
  return {
    CARDSEAL_ENV: 'test',
    LOG_LEVEL: 'silent',
    QUEUE_PREFIX: PREFIX,
    REDIS_URL: redisUrl,
    S3_REGION: 'unused',
    S3_BUCKET: 'unused',
    MASTER_KEY_FILE: file('master.key', Buffer.alloc(32, 7)),
    BAIDU_CREDENTIALS_FILE: file('credentials.json', JSON.stringify(pool)),
    BAIDU_BASE_URL: upstreamUrl,
    BAIDU_KEY_WRAPPER: `rsa:${file('provider.pem', publicPem)}`,
    RECOGNIZE_CONCURRENCY: String(concurrency),
  };
}

process.once('message', async (order: Order) => {
  process.send!({ measured: await measure(order) } satisfies ToParent);
  process.disconnect();
});
