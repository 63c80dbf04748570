/** One measured process: fills its ledger, warms up, works through its cards, and tells its parent what that took. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { JobId } from '@cardseal/core/job';
import { silentLog } from '@cardseal/core/log';
import { connectRedis, createConveyor } from '@cardseal/core/queue';
import { createWorker } from '@cardseal/worker';
import { readConfig } from '@cardseal/worker/config';
import { plainJpeg } from '../../support/pictures.ts';
import { createBareScript } from './bare.ts';
import { benchLedger, countedStore, seedCards, TENANT } from './store.ts';

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
}

export interface Measured {
  perSecond: number;
  cpuMsPerCard: number;
  storePerCard: Record<string, number>;
}

const PREFIX = '{pipeline}';

async function measure(order: Order): Promise<Measured> {
  const { store, counts, reset, closed } = countedStore();
  const ledger = benchLedger(store);
  const jobs = await seedCards(ledger, await plainJpeg(900, 600), order.pictureBytes, order.cards + order.warmUp);
  const work = order.kind === 'worker' ? await workerOf(order, ledger, closed) : await bareOf(order, ledger);
  await work.run(jobs.slice(0, order.warmUp), order.warmUp);
  reset();
  const cpuAtStart = process.cpuUsage();
  const startedAt = performance.now();
  await work.run(jobs.slice(order.warmUp), jobs.length);
  const wallMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuAtStart);
  await work.stop();
  return {
    perSecond: (order.cards * 1000) / wallMs,
    cpuMsPerCard: (user + system) / 1000 / order.cards,
    storePerCard: Object.fromEntries(Object.entries(counts).map(([kind, n]) => [kind, n / order.cards])),
  };
}

interface Work {
  /** @param closed how many cards of all are done when this run is. */
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
  const redis = connectRedis(order.redisUrl, 'producer');
  await new Promise<void>((resolve) => redis.once('ready', resolve));
  const conveyor = createConveyor(redis, PREFIX);
  const worker = createWorker(readConfig(environment(order)), { ledger, log: silentLog });
  await worker.start();
  return {
    async run(jobs, done) {
      await conveyor.addCards(
        jobs.map((job) => ({ tenant: TENANT, job, generation: 1, priority: 'interactive' as const })),
      );
      await closed(done);
    },
    async stop() {
      await worker.stop();
      await conveyor.close();
      redis.disconnect();
    },
  };
}

/** One credential with a rate that nothing here reaches: what is measured is work, not waiting. */
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
  process.send!(await measure(order));
  process.disconnect();
});
