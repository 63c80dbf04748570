/**
 * Sends one batch of many references through the whole stack (`npm run soak -- batch`): one streaming request,
 * recognition, listing, and the results as a stream. It samples the memory of the API every second. It fails when a
 * line is lost or when memory grows with the number of lines.
 * --lines 10000: lines of the batch.
 * --qps 200: rate of the provider.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { generateSpecimens } from '@cardseal/emulator/cards';
import { request } from 'undici';
import { runCardseal } from '../support/command-line.ts';
import { printHelp } from '../support/program-help.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { rssMb } from './waiters/costs.ts';

if (import.meta.main) printHelp(import.meta.url);

const PICTURES = 20;
/** The most bytes of peak memory in the API that one line may add. */
const MAX_BYTES_PER_LINE = 12_000;
const SLACK_MB = 64;

interface Sample {
  atS: number;
  mb: number;
}

function watchMemory(pid: number) {
  const startedMs = performance.now();
  const samples: Sample[] = [];
  const sample = async () => samples.push({ atS: (performance.now() - startedMs) / 1000, mb: await rssMb(pid) });
  const timer = setInterval(() => void sample(), 1000);
  return { samples, sample, stop: () => clearInterval(timer) };
}

async function putPictures({ stack }: TestStack): Promise<string[]> {
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = stack.info.s3;
  const s3 = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
  const keys: string[] = [];
  for await (const { front, n } of generateSpecimens({ count: PICTURES, seed: 5, scenario: 'good', scale: 0.5 })) {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `customer/${n}.jpg`, Body: front }));
    keys.push(`customer/${n}.jpg`);
  }
  s3.destroy();
  return keys;
}

function* linesOf(count: number, bucket: string, keys: readonly string[]): Generator<string> {
  for (let n = 0; n < count; n++) {
    const front = { object: { bucket, key: keys[n % keys.length] } };
    yield `${JSON.stringify({ front, reference: `line ${n + 1}`, priority: 'bulk' })}\n`;
  }
}

async function timed<T>(name: string, durations: Record<string, number>, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work();
  durations[name] = (performance.now() - startedMs) / 1000;
  console.log(`${name.padEnd(12)} ${durations[name].toFixed(1)} s`);
  return result;
}

async function send({ stack: { info } }: TestStack, lines: Iterable<string>): Promise<string> {
  const headers = { authorization: `Bearer ${info.apiKey}`, 'content-type': 'application/x-ndjson' };
  const options = {
    method: 'POST',
    headers,
    body: (async function* () {
      yield* lines;
    })(),
    headersTimeout: 0,
  } as const;
  const answer = await request(`${info.apiUrl}/v1/batches`, options as never);
  const body = (await answer.body.json()) as { id: string };
  if (answer.statusCode !== 202) throw new Error(`the batch got ${answer.statusCode} ${JSON.stringify(body)}`);
  return body.id;
}

async function untilEnded(app: TestStack, id: string) {
  for (let reportedMs = 0; ; await delay(1000)) {
    const { body } = await app.call('GET', `/v1/batches/${id}`);
    if (body.state !== 'running') return body;
    if (Date.now() - reportedMs < 15_000) continue;
    reportedMs = Date.now();
    console.log(`  ${JSON.stringify(body.counts)}`);
  }
}

async function listAll(app: TestStack): Promise<number> {
  const seen = new Set<string>();
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await app.call('GET', `/v1/jobs?limit=100${cursor && `&cursor=${cursor}`}`);
    for (const { id } of body.data) seen.add(id);
    cursor = body.next_cursor;
  }
  return seen.size;
}

async function readResults({ stack: { info } }: TestStack, id: string): Promise<Record<string, number>> {
  const headers = { authorization: `Bearer ${info.apiKey}` };
  const { body } = await request(`${info.apiUrl}/v1/batches/${id}/results`, { headers, bodyTimeout: 0 });
  const states: Record<string, number> = {};
  let rest = '';
  for await (const part of body) {
    const lines = (rest + part).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      const { job, rejected } = JSON.parse(line);
      const state: string = rejected ? 'rejected' : job.state;
      states[state] = (states[state] ?? 0) + 1;
    }
  }
  return states;
}

/** Prints one row for every ten samples. */
function printMemory(samples: readonly Sample[]): void {
  console.log('API, MB RSS, one a second:');
  for (let at = 0; at < samples.length; at += 20) {
    const row = samples.slice(at, at + 20).map(({ mb }) => mb.toFixed(0).padStart(4));
    console.log(`${samples[at]!.atS.toFixed(0).padStart(5)} s ${row.join('')}`);
  }
}

export async function main(args: readonly string[] = []): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { lines: { type: 'string', default: '10000' }, qps: { type: 'string', default: '200' } },
  });
  const count = Number(values.lines);
  const app = await startTestStack({ baiduQps: Number(values.qps), env: { LOG_LEVEL: 'warn' } });
  const memory = watchMemory(app.stack.info.pids.api);
  const durations: Record<string, number> = {};
  try {
    await app.control('PUT', { latency_ms: { p50: 1, p99: 2 } });
    const { bucket } = app.stack.info.s3;
    await runCardseal(app, ['tenant', 'set', 'dev', '--object-source', `${bucket}/customer/`]);
    const keys = await putPictures(app);
    // A new process first allocates what any work needs, so a tenth of the lines runs before the measurement.
    await untilEnded(app, await send(app, linesOf(Math.ceil(count / 10), bucket, keys)));
    await memory.sample();
    const beforeMb = memory.samples.at(-1)!.mb;
    const id = await timed('accepted', durations, () => send(app, linesOf(count, bucket, keys)));
    const ended = await timed('recognised', durations, () => untilEnded(app, id));
    const listed = (await timed('listed', durations, () => listAll(app))) - Math.ceil(count / 10);
    const results = await timed('results', durations, () => readResults(app, id));
    memory.stop();
    printMemory(memory.samples);
    const peakMb = Math.max(...memory.samples.map(({ mb }) => mb));
    const endMb = memory.samples.at(-1)!.mb;
    const flat = peakMb - beforeMb < SLACK_MB + (count * MAX_BYTES_PER_LINE) / 2 ** 20;
    const ok = flat && ended.counts.succeeded === count && listed === count && results.succeeded === count;
    const figures = { lines: count, durations, beforeMb, peakMb, endMb, counts: ended.counts, listed, results };
    console.log(JSON.stringify({ soak: 'batch', ok, ...figures }));
    return ok ? 0 : 1;
  } finally {
    memory.stop();
    await app.stop();
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
