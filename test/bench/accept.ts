/** How many submits a second one API process accepts, beside a bare route that makes the same writes and one `queue.add`. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createApi } from '@cardseal/api';
import { createApiKey, createTenant } from '@cardseal/core/access';
import { systemClock } from '@cardseal/core/clock';
import { createLedger, memoryObjectStore } from '@cardseal/core/ledger';
import { silentLog } from '@cardseal/core/log';
import { localMasterKey, seal } from '@cardseal/core/seal';
import { startRedis } from '@cardseal/dev';
import { Queue } from 'bullmq';
import fastify from 'fastify';
import { Pool } from 'undici';
import { plainJpeg } from '../support/pictures.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, requests: { type: 'string', default: '3000' } },
});
const AT_ONCE = 32;
/** key, pending, image, index, request: what a submit of one side writes. */
const WRITES = 5;

const dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-accept-'));
const redis = await startRedis({ dataDir });
const picture = await plainJpeg(900, 600);

async function startCardseal() {
  const store = memoryObjectStore();
  const ledger = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 7)), clock: systemClock });
  const api = createApi(
    {
      CARDSEAL_ENV: 'test',
      LOG_LEVEL: 'silent',
      WEBHOOK_ALLOW_TARGETS: '',
      QUEUE_PREFIX: '{accept}',
      MAX_IMAGE_BYTES: 40 * 1024 * 1024,
      BAIDU_MAX_ENCODED_BYTES: 4_000_000,
      BAIDU_MAX_SIDE_PX: 4096,
      BAIDU_MIN_SIDE_PX: 15,
      REDIS_URL: redis.url,
      S3_REGION: 'unused',
      S3_BUCKET: 'unused',
      S3_FORCE_PATH_STYLE: true,
      MASTER_KEY_FILE: 'unused',
      API_HOST: '127.0.0.1',
      API_PORT: 0,
      REQUEST_TIMEOUT_MS: 30_000,
    },
    { ledger, log: silentLog },
  );
  const { port } = await api.start();
  await createTenant(ledger, systemClock, 'bank', 'A bank');
  const { key } = await createApiKey(ledger, systemClock, { tenant: 'bank', env: 'test', scopes: ['jobs:write'] });
  return { url: `http://127.0.0.1:${port}`, key, stop: () => api.stop() };
}

async function startBare() {
  const store = memoryObjectStore();
  const key = Buffer.alloc(32, 1);
  const connection = { url: redis.url };
  const queue = new Queue('bare', { connection, prefix: '{bare}' });
  const app = fastify({ bodyLimit: 50_000_000 });
  app.addContentTypeParser('image/jpeg', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  let made = 0;
  app.post('/v1/jobs', async (request, reply) => {
    const id = `job-${made++}`;
    const sealed = seal(key, { tenant: 'bank', subject: id, kind: 'image' }, request.body as Buffer);
    const bodies = [sealed, ...Array.from({ length: WRITES - 1 }, () => Buffer.alloc(300))];
    await Promise.all(bodies.map((body, at) => store.create(`${id}/${at}`, body)));
    await queue.add('card', { id }, { jobId: id, removeOnComplete: true });
    return reply.code(202).send({ id });
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    key: 'none',
    stop: async () => void (await Promise.all([app.close(), queue.close()])),
  };
}

async function measure(target: { url: string; key: string }, requests: number) {
  const pool = new Pool(target.url, { connections: AT_ONCE });
  const latencies: number[] = [];
  let left = requests;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) {
        const sentAt = performance.now();
        const headers = { authorization: `Bearer ${target.key}`, 'content-type': 'image/jpeg' };
        const answer = await pool.request({ method: 'POST', path: '/v1/jobs?side=front', headers, body: picture });
        await answer.body.dump();
        if (answer.statusCode !== 202) throw new Error(`answered ${answer.statusCode}`);
        latencies.push(performance.now() - sentAt);
      }
    }),
  );
  const perSecond = requests / ((performance.now() - startedAt) / 1000);
  await pool.close();
  latencies.sort((a, b) => a - b);
  return { perSecond, p99Ms: latencies[Math.floor(latencies.length * 0.99)]! };
}

const rows: { ours: number; bare: number; ratio: number; oursP99Ms: number; bareP99Ms: number }[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  const [ours, bare] = [await startCardseal(), await startBare()];
  try {
    await measure(ours, 300);
    await measure(bare, 300);
    const a = await measure(ours, Number(values.requests));
    const b = await measure(bare, Number(values.requests));
    rows.push({
      ours: a.perSecond,
      bare: b.perSecond,
      ratio: a.perSecond / b.perSecond,
      oursP99Ms: a.p99Ms,
      bareP99Ms: b.p99Ms,
    });
  } finally {
    await ours.stop();
    await bare.stop();
  }
}
await redis.stop();
await rm(dataDir, { recursive: true, force: true });
rows.sort((a, b) => a.ratio - b.ratio);
console.log(
  `picture ${picture.length} bytes, ${AT_ONCE} at once, ${values.requests} requests a round, both in one process with the client`,
);
console.log('ours/s   bare/s   ratio  ours p99 ms  bare p99 ms');
for (const row of rows) {
  console.log(
    `${row.ours.toFixed(0).padStart(6)} ${row.bare.toFixed(0).padStart(8)} ${row.ratio.toFixed(2).padStart(7)} ${row.oursP99Ms.toFixed(1).padStart(12)} ${row.bareP99Ms.toFixed(1).padStart(12)}`,
  );
}
const median = rows[Math.floor(rows.length / 2)]!;
console.log(JSON.stringify({ bench: 'accept', median, spread: [rows[0]!.ratio, rows.at(-1)!.ratio], goal: 0.85 }));
