/**
 * Measures how many submits one API process accepts per second, compared with a bare route that makes the same writes
 * and one `queue.add`. Both run as separate processes, in turn, under the same load. `--store s3` uses a store over
 * HTTP as in production; `--store memory` uses one whose writes cost nothing.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { freePort, startRedis } from '@cardseal/dev';
import { Pool } from 'undici';
import { plainJpeg } from '../support/images.ts';
import type { TargetSettings } from './accept/target.ts';

const HELP = `npm run bench -- accept [options]
Measures how many submits one API process accepts per second, compared with a bare route that makes the same writes.
  --store NAME       s3 (over HTTP, as in production), memory, both (both)
  --rounds N         rounds of both targets in turn; the median counts (7)
  --requests N       submits per round (1500)
  --at-once N        simultaneous submits (32)
  --at-once-writes   the bare route makes its writes at once instead of in the order of a submit
  --profile DIR      writes CPU profiles`;
const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'both' },
    rounds: { type: 'string', default: '7' },
    requests: { type: 'string', default: '1500' },
    'at-once': { type: 'string', default: '32' },
    'at-once-writes': { type: 'boolean', default: false },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const AT_ONCE = Number(values['at-once']);
const REQUESTS = Number(values.requests);
const GOAL = 0.85;
const KEYS = { accessKeyId: 'ACCEPTKEY', secretAccessKey: 'accept-secret' };

interface Child {
  url: string;
  key: string;
  writes: number[];
  cpuMs(): Promise<number>;
  stop(): Promise<void>;
}

async function startTarget(settings: TargetSettings): Promise<Child> {
  const script = path.join(import.meta.dirname, 'accept/target.ts');
  const profile = values.profile ? ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] : [];
  const child = fork(script, [JSON.stringify(settings)], {
    execArgv: profile,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [{ url, key, writes }] = await answerOf(child);
  return {
    url,
    key,
    writes,
    async cpuMs() {
      child.send('cpu');
      const [{ user, system }] = await answerOf(child);
      return (user + system) / 1000;
    },
    stop: () => end(child, 'stop'),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: messages of the child of this bench
async function answerOf(child: ChildProcess): Promise<any[]> {
  const answered = new AbortController();
  const { signal } = answered;
  const gone = once(child, 'exit', { signal }).then(([code]) =>
    Promise.reject(new Error(`a target ended with ${code}`)),
  );
  gone.catch(() => {});
  return Promise.race([once(child, 'message', { signal }), gone]).finally(() => answered.abort());
}

async function end(child: ChildProcess, message: string | null): Promise<void> {
  const ended = once(child, 'exit');
  if (message === null) child.kill('SIGTERM');
  else child.send(message);
  await ended;
}

async function startS3(dataDir: string) {
  const port = await freePort();
  const env = {
    ...process.env,
    S3_DATA_DIR: path.join(dataDir, 's3'),
    S3_PORT: String(port),
    S3_BUCKET: 'accept',
    S3_ACCESS_KEY_ID: KEYS.accessKeyId,
    S3_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
  };
  const script = path.join(import.meta.dirname, '../../infra/dev/s3/main.ts');
  const child = fork(script, [], { env, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  await answerOf(child);
  return { s3: { endpoint: `http://127.0.0.1:${port}`, bucket: 'accept', ...KEYS }, stop: () => end(child, null) };
}

interface Measure {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  cpuMs: number;
}

async function measure(target: Child, image: Buffer, requests: number): Promise<Measure> {
  const pool = new Pool(target.url, { connections: AT_ONCE });
  const headers = { authorization: `Bearer ${target.key}`, 'content-type': 'image/jpeg' };
  const latencies: number[] = [];
  let left = requests;
  const cpuBeforeMs = await target.cpuMs();
  const startedAt = performance.now();
  const send = async () => {
    while (left-- > 0) {
      const sentAt = performance.now();
      const answer = await pool.request({ method: 'POST', path: '/v1/jobs?side=front', headers, body: image });
      await answer.body.dump();
      if (answer.statusCode !== 202) throw new Error(`got ${answer.statusCode}`);
      latencies.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, send));
  const perSecond = requests / ((performance.now() - startedAt) / 1000);
  const cpuMs = ((await target.cpuMs()) - cpuBeforeMs) / requests;
  await pool.close();
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)]!;
  return { perSecond, p50Ms: at(0.5), p99Ms: at(0.99), cpuMs };
}

const column = (value: number, digits: number) => value.toFixed(digits).padStart(9);
const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;

async function compare(store: 's3' | 'memory', image: Buffer) {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-accept-'));
  const redis = await startRedis({ dataDir });
  const s3 = store === 's3' ? await startS3(dataDir) : null;
  const common = { redisUrl: redis.url, s3: s3?.s3 ?? null };
  const ours = await startTarget({ kind: 'cardseal', ...common });
  const bare = await startTarget({ kind: values['at-once-writes'] ? 'bare-at-once' : 'bare', ...common });
  const rows: { ours: Measure; bare: Measure; ratio: number; cpuRatio: number }[] = [];
  console.log(`store: ${store}, ${bare.writes.join(', then ')} writes and one queue.add a request`);
  console.log('  api/s   bare/s    ratio  api p50   api p99 bare p50  bare p99  CPU ms api and bare');
  try {
    for (const target of [ours, bare]) await measure(target, image, REQUESTS);
    for (let round = 0; round < Number(values.rounds); round++) {
      // In turn and in changing order, so that a slow phase of the machine affects both.
      const first = round % 2 === 0 ? ours : bare;
      const one = await measure(first, image, REQUESTS);
      const two = await measure(first === ours ? bare : ours, image, REQUESTS);
      const [a, b] = first === ours ? [one, two] : [two, one];
      rows.push({ ours: a, bare: b, ratio: a.perSecond / b.perSecond, cpuRatio: b.cpuMs / a.cpuMs });
      const numbers = [a.perSecond, b.perSecond, a.perSecond / b.perSecond, a.p50Ms, a.p99Ms, b.p50Ms, b.p99Ms];
      console.log(
        `${numbers.map((value, at) => column(value, at < 2 ? 0 : at === 2 ? 2 : 1)).join('')}${column(a.cpuMs, 2)}${column(b.cpuMs, 2)}`,
      );
    }
  } finally {
    await Promise.all([ours.stop(), bare.stop()]);
    await s3?.stop();
    await redis.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
  const ratios = rows.map(({ ratio }) => ratio);
  return {
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    oursPerSecond: median(rows.map(({ ours: { perSecond } }) => perSecond)),
    oursP99Ms: median(rows.map(({ ours: { p99Ms } }) => p99Ms)),
    barePerSecond: median(rows.map(({ bare: { perSecond } }) => perSecond)),
    bareP99Ms: median(rows.map(({ bare: { p99Ms } }) => p99Ms)),
    cpuRatio: median(rows.map(({ cpuRatio }) => cpuRatio)),
  };
}

const image = await plainJpeg(900, 600);
console.log(`image ${image.length} bytes, ${AT_ONCE} at once, ${REQUESTS} requests a round`);
const stores = (values.store === 'both' ? ['s3', 'memory'] : [values.store]) as ('s3' | 'memory')[];
const results: Record<string, unknown> = {};
for (const store of stores) results[store] = await compare(store, image);
console.log(JSON.stringify({ bench: 'accept', goal: GOAL, ...results }));
