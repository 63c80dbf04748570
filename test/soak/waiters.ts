/**
 * Many who wait at once on one API process: `npm run soak -- waiters --polls 1000 --streams 1000 [--seconds 20]`. The
 * worker is stopped, so that all of them wait; then it goes on. Told is what waiting costs, what telling all costs, and
 * how long after its outcome the last of them knew. Fails if the store is asked per waiter, or somebody is not told.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { percentile } from '../bench/deliver/simulation.ts';
import { plainJpeg } from '../support/images.ts';
import { startTestStack } from '../support/stack.ts';
import { gatherCrowd } from './waiters/clients.ts';
import { type Costs, meter, rssMb } from './waiters/costs.ts';

const SUBMITS_AT_ONCE = 16;

function line(what: string, { seconds, apiCpuSeconds, apiRssMb, s3, redis }: Costs): string {
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, count) => total + count, 0);
  const top = Object.entries({ ...s3, ...redis }).sort(([, a], [, b]) => b - a);
  const named = top.slice(0, 8).map(([name, count]) => `${name} ${count}`);
  const cpu = `${apiCpuSeconds.toFixed(1)} s CPU (${((100 * apiCpuSeconds) / seconds).toFixed(0)} % of a core)`;
  return `${what}: ${seconds.toFixed(1)} s, API ${apiRssMb.toFixed(0)} MB, ${cpu}; ${sum(s3)} requests to S3, ${sum(redis)} commands to Redis\n  ${named.join(', ')}`;
}

export async function main(args: readonly string[] = []): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      polls: { type: 'string', default: '1000' },
      streams: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '20' },
    },
  });
  const [polls, streams] = [Number(values.polls), Number(values.streams)];
  const app = await startTestStack({ baiduQps: 1000, env: { LOG_LEVEL: 'warn' } });
  const { info } = app.stack;
  const costs = await meter(info);
  const worker = app.stack.child('worker-1').pid;
  try {
    await app.control('PUT', { latency_ms: { p50: 2, p99: 10 } });
    process.kill(worker, 'SIGSTOP');
    const front = await plainJpeg();
    const jobs: string[] = [];
    const submitSome = async () => {
      while (jobs.length < Math.max(polls, streams)) jobs.push((await app.submit({ front })).id);
    };
    await Promise.all(Array.from({ length: SUBMITS_AT_ONCE }, submitSome));
    const idleMb = await rssMb(info.pids.api);
    console.log(`${jobs.length} jobs submitted, API ${idleMb.toFixed(0)} MB before anybody waits`);

    const opening = await costs.begin();
    const crowd = gatherCrowd(info.apiUrl, info.apiKey, jobs.slice(0, polls), jobs.slice(0, streams));
    await crowd.streaming;
    // Each poll reads its job once when it comes; a second of quiet says that all have.
    for (let before = -1; ; await delay(1000)) {
      const { s3 } = await opening();
      const sum = Object.values(s3).reduce((total, count) => total + count, 0);
      if (sum - before < polls / 100) break;
      before = sum;
    }
    console.log(line(`${polls} polls and ${streams} streams came`, await opening()));

    const waiting = await costs.begin();
    const cameBefore = crowd.requests();
    await delay(Number(values.seconds) * 1000);
    const waited = await waiting();
    const again = crowd.requests() - cameBefore;
    console.log(line(`waiting (${again} polls came again)`, waited));

    const telling = await costs.begin();
    process.kill(worker, 'SIGCONT');
    await crowd.done;
    console.log(line('working and telling all', await telling()));
    await crowd.close();
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
    const polled = figures(all.map(({ polledMs }) => polledMs));
    const streamed = figures(all.map(({ streamedMs }) => streamedMs));
    console.log(`from outcome to being told: polls ${JSON.stringify(polled)}, streams ${JSON.stringify(streamed)}`);
    const requestsWaiting = Object.values(waited.s3).reduce((total, count) => total + count, 0);
    // A poll that comes again reads its job at both ends; nobody else asks for anything, but the house's own rounds.
    const quiet = requestsWaiting - again * 12 < 200 + (polls + streams) * 0.1;
    const refused = crowd.refused();
    const ok = polled.told === polls && streamed.told === streams && quiet;
    console.log(
      JSON.stringify({ soak: 'waiters', ok, polls, streams, idleMb, waited, again, refused, polled, streamed }),
    );
    return ok ? 0 : 1;
  } finally {
    process.kill(worker, 'SIGCONT');
    costs.stop();
    await app.stop();
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
