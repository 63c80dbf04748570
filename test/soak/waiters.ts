/**
 * Many clients wait at once for jobs on one API process: `npm run soak -- waiters`. The worker is stopped while they
 * connect and continues later. It prints the cost of waiting, the cost of notifying all clients, and the delay from the
 * outcome to the last notification. It fails when the store is read once per waiting client, or when a client is not
 * notified.
 * --polls 1000: long polls.
 * --streams 1000: event streams.
 * --seconds 20: measured waiting time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { percentile } from '../bench/deliver/simulation.ts';
import { plainJpeg } from '../support/images.ts';
import { printHelp } from '../support/program-help.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { type Crowd, gatherCrowd } from './waiters/clients.ts';
import { type Costs, meter, rssMb } from './waiters/costs.ts';

const SUBMITS_AT_ONCE = 16;

function line(what: string, { seconds, apiCpuSeconds, apiRssMb, s3, redis }: Costs): string {
  const top = Object.entries({ ...s3, ...redis }).sort(([, a], [, b]) => b - a);
  const named = top.slice(0, 8).map(([name, count]) => `${name} ${count}`);
  const cpu = `${apiCpuSeconds.toFixed(1)} s CPU (${((100 * apiCpuSeconds) / seconds).toFixed(0)} % of a core)`;
  return `${what}: ${seconds.toFixed(1)} s, API ${apiRssMb.toFixed(0)} MB, ${cpu}; ${sum(s3)} requests to S3, ${sum(redis)} commands to Redis\n  ${named.join(', ')}`;
}

export async function main(args: readonly string[] = []): Promise<number> {
  printHelp(import.meta.url, args);
  const { values } = parseArgs({
    args: [...args],
    options: {
      polls: { type: 'string', default: '1000' },
      streams: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '20' },
    },
  });
  const app = await startTestStack({ baiduQps: 1000, env: { LOG_LEVEL: 'warn' } });
  const worker = app.stack.child('worker-1').pid;
  try {
    await app.control('PUT', { latency_ms: { p50: 2, p99: 10 } });
    process.kill(worker, 'SIGSTOP');
    return await measure(app, worker, Number(values.polls), Number(values.streams), Number(values.seconds));
  } finally {
    process.kill(worker, 'SIGCONT');
    await app.stop();
  }
}

/** Returns the exit code. */
async function measure(app: TestStack, worker: number, polls: number, streams: number, seconds: number) {
  const { info } = app.stack;
  const costs = await meter(info);
  const jobs = await submitJobs(app, Math.max(polls, streams));
  const idleMb = await rssMb(info.pids.api);
  console.log(`${jobs.length} jobs submitted, API ${idleMb.toFixed(0)} MB before any client waits`);

  const opening = await costs.begin();
  const crowd = gatherCrowd(info.apiUrl, info.apiKey, jobs.slice(0, polls), jobs.slice(0, streams));
  await crowd.streaming;
  await untilAllPollsWait(opening, polls);
  console.log(line(`${polls} polls and ${streams} streams connected`, await opening()));

  const waiting = await costs.begin();
  const before = crowd.requests();
  await delay(seconds * 1000);
  const waited = await waiting();
  const again = crowd.requests() - before;
  console.log(line(`waiting (${again} polls repeated)`, waited));

  const notifying = await costs.begin();
  process.kill(worker, 'SIGCONT');
  await crowd.done;
  console.log(line('recognising all jobs and notifying all clients', await notifying()));
  await crowd.close();
  costs.stop();
  const { polled, streamed } = delays(crowd);
  console.log(`from outcome to notification: polls ${JSON.stringify(polled)}, streams ${JSON.stringify(streamed)}`);
  // A repeated poll reads its job at both ends; the remaining requests are periodic scans of the processes.
  const quiet = sum(waited.s3) - again * 12 < 200 + (polls + streams) * 0.1;
  const refused = crowd.refused();
  const ok = polled.told === polls && streamed.told === streams && quiet;
  console.log(
    JSON.stringify({ soak: 'waiters', ok, polls, streams, idleMb, waited, again, refused, polled, streamed }),
  );
  return ok ? 0 : 1;
}

async function submitJobs(app: TestStack, count: number): Promise<string[]> {
  const front = await plainJpeg();
  const jobs: string[] = [];
  const submitSome = async () => {
    while (jobs.length < count) jobs.push((await app.submit({ front })).id);
  };
  await Promise.all(Array.from({ length: SUBMITS_AT_ONCE }, submitSome));
  return jobs;
}

/** Each poll reads its job once when it connects, so a second with few reads means that all polls wait. */
async function untilAllPollsWait(costs: () => Promise<Costs>, polls: number): Promise<void> {
  for (let before = -1; ; await delay(1000)) {
    const reads = sum((await costs()).s3);
    if (reads - before < polls / 100) return;
    before = reads;
  }
}

function delays(crowd: Crowd) {
  const all = [...crowd.told.values()];
  const figures = (values: (number | undefined)[]) => {
    const known = values.filter((value) => value !== undefined);
    return {
      told: known.length,
      p50Ms: percentile(known, 0.5),
      p99Ms: percentile(known, 0.99),
      lastMs: Math.max(...known),
    };
  };
  return {
    polled: figures(all.map(({ polledMs }) => polledMs)),
    streamed: figures(all.map(({ streamedMs }) => streamedMs)),
  };
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
