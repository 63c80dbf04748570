/**
 * Measures the cost of queue, rate limiter and ledger: jobs per second and CPU time per job of one worker process,
 * compared with a bare script that makes the same reads, sealing, call and writes in a loop (`npm run bench --
 * pipeline`). Upstream and object store respond at once.
 * --rounds 5: number of rounds.
 * --cards 600: jobs per round.
 * --concurrency 16: simultaneous jobs.
 * --profile DIR: writes CPU profiles.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Card, connectRedis, createJobQueue } from '@cardseal/core/queue';
import { startRedis } from '@cardseal/dev';
import { printHelp } from '../support/program-help.ts';
import type { Measured, Order, ToParent } from './pipeline/measured.ts';
import { PREFIX, TENANT } from './pipeline/store.ts';

printHelp(import.meta.url);

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    cards: { type: 'string', default: '600' },
    concurrency: { type: 'string', default: '16' },
    profile: { type: 'string' },
  },
});
const PICTURE_BYTES = 300_000;
/** As the API enqueues it: the image is already in the ledger. */
const CARD: Pick<Card, 'priority' | 'pictures'> = { priority: 'interactive', pictures: ['front'] };
const TO_REACH = 0.8;

const program = (name: string) => new URL(`./pipeline/${name}.ts`, import.meta.url);
const dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-pipeline-'));
const redis = await startRedis({ dataDir: path.join(dataDir, 'redis') });
const producer = connectRedis(redis.url, 'producer');
await once(producer, 'ready');
const jobQueue = createJobQueue(producer, PREFIX);
const upstream = fork(program('instant-upstream'));
const [{ url: upstreamUrl, publicPem }] = await once(upstream, 'message');

async function run(kind: Order['kind']): Promise<Measured> {
  const child: ChildProcess = fork(program('measured'));
  const order: Order = {
    kind,
    cards: Number(values.cards),
    warmUp: 100,
    pictureBytes: PICTURE_BYTES,
    concurrency: Number(values.concurrency),
    redisUrl: redis.url,
    upstreamUrl,
    publicPem,
    dataDir,
    profileDir: values.profile,
  };
  const { promise, resolve, reject } = Promise.withResolvers<Measured>();
  child.on('message', (message: ToParent) => {
    if ('measured' in message) return resolve(message.measured);
    const cards = message.enqueue.map((job) => ({ tenant: TENANT, job, generation: 1, ...CARD }));
    jobQueue.addCards(cards).catch(reject);
  });
  const ended = once(child, 'exit');
  ended.then(([code]) => reject(new Error(`the ${kind} ended with ${code}`)));
  child.send(order);
  const measured = await promise;
  await ended;
  return measured;
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
const round2 = (value: number) => Math.round(value * 100) / 100;
const rows: { worker: Measured; bare: Measured; rate: number; cpu: number }[] = [];
try {
  console.log(`image ${PICTURE_BYTES} bytes, ${values.cards} jobs a round, ${values.concurrency} at once`);
  console.log('worker  jobs/s  bare  jobs/s  ratio   worker CPU ms  bare CPU ms  ratio');
  // Warm up first: the first process would meet a cold upstream.
  await run('bare');
  for (let at = 0; at < Number(values.rounds); at++) {
    const worker = await run('worker');
    const bare = await run('bare');
    const row = { worker, bare, rate: worker.perSecond / bare.perSecond, cpu: worker.cpuMsPerCard / bare.cpuMsPerCard };
    rows.push(row);
    const cells = [worker.perSecond, bare.perSecond, row.rate, worker.cpuMsPerCard, bare.cpuMsPerCard, row.cpu];
    console.log(cells.map((cell) => cell.toFixed(2).padStart(12)).join(' '));
  }
} finally {
  upstream.disconnect();
  await jobQueue.close();
  producer.disconnect();
  await redis.stop();
  await rm(dataDir, { recursive: true, force: true });
}
const ratio = round2(median(rows.map(({ rate }) => rate)));
console.log(
  `store requests per job: worker ${JSON.stringify(rows[0]!.worker.storePerCard)}, bare ${JSON.stringify(rows[0]!.bare.storePerCard)}`,
);
console.log(`jobs a second compared with the bare script, median of ${rows.length}: ${ratio} (target: ${TO_REACH})`);
console.log(JSON.stringify({ bench: 'pipeline', node: process.version, ratio, rows }));
process.exitCode = ratio >= TO_REACH ? 0 : 1;
