/**
 * Measures the peak memory of a real worker process with 64 calls of 2.8 MB in flight (`npm run bench -- memory`).
 * Target: at most three times the bytes in flight, in addition to the idle process.
 * --rounds 3: number of rounds.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { generateSpecimens } from '@cardseal/emulator/cards';
import { encodedLength } from '@cardseal/providers/baidu';
import { printHelp } from '../support/program-help.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { padded } from '../support/vary-jpeg.ts';

if (import.meta.main) printHelp(import.meta.url);

const IN_FLIGHT = 64;
const PICTURE_BYTES = 2_800_000;
const TO_REACH = 3;
/** Long enough that all calls are in flight before the first one ends. */
const ANSWER_AFTER_MS = 20_000;
const SETTINGS = {
  RECOGNIZE_CONCURRENCY: String(IN_FLIGHT),
  UPSTREAM_DEADLINE_MS: '60000',
  SHUTDOWN_GRACE_MS: '61000',
  LOG_LEVEL: 'warn',
};

/** From the kernel: resident memory now, or its peak since the last reset. */
function residentBytes(pid: number, what: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${what}:\\s+(\\d+) kB`).exec(status)![1]) * 1024;
}

/** Resets the kernel's peak to the current resident memory. */
const resetPeak = (pid: number) => writeFileSync(`/proc/${pid}/clear_refs`, '5');

async function round(app: TestStack, pid: number, front: Buffer) {
  await app.control('PUT', { latency_ms: { p50: ANSWER_AFTER_MS, p99: ANSWER_AFTER_MS } });
  const before = (await app.stats()).calls!;
  resetPeak(pid);
  const headers = { 'content-type': 'image/jpeg' };
  const jobs: string[] = [];
  let wireBytes = 0;
  for (let n = 0; n < IN_FLIGHT; n++) {
    const image = padded(front, PICTURE_BYTES);
    wireBytes += encodedLength(image);
    jobs.push((await app.call('POST', '/v1/jobs?side=front', { body: new Uint8Array(image), headers })).body.id);
  }
  let most = 0;
  const finished = Promise.all(jobs.map((id) => app.finished(id)));
  const ended = finished.then(() => true);
  while (!(await Promise.race([ended, oneSecond()]))) most = Math.max(most, (await app.stats()).calls! - before);
  for (const job of await finished)
    if (job.state !== 'succeeded') throw new Error(`a job ended ${job.state}: ${job.failure?.code}`);
  return { wireBytes, callsBeforeTheFirstAnswer: most, peakBytes: residentBytes(pid, 'VmHWM') };
}

const oneSecond = () => new Promise<false>((resolve) => setTimeout(resolve, 1000, false));

export async function main(rounds: number): Promise<number> {
  const app = await startTestStack({ baiduQps: 1000, env: SETTINGS });
  try {
    const [specimen] = await Array.fromAsync(generateSpecimens({ count: 1, seed: 51, scenario: 'good', scale: 0.5 }));
    const pid = app.stack.child('worker-1').pid;
    // Idle, but with all code loaded: the first job has finished.
    await app.control('PUT', { latency_ms: { p50: 1, p99: 1 } });
    await app.finished((await app.submit({ front: specimen!.front })).id);
    const idleBytes = residentBytes(pid, 'VmRSS');
    const ratios: number[] = [];
    const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`.padStart(8);
    console.log(`idle ${mb(idleBytes)}; ${IN_FLIGHT} calls of ${PICTURE_BYTES} bytes in flight`);
    for (let n = 0; n < rounds; n++) {
      const { wireBytes, callsBeforeTheFirstAnswer, peakBytes } = await round(app, pid, specimen!.front);
      const ratio = (peakBytes - idleBytes) / wireBytes;
      ratios.push(Number(ratio.toFixed(3)));
      console.log(
        `in flight ${mb(wireBytes)}  peak ${mb(peakBytes)}  above idle ÷ in flight ${ratio.toFixed(2)}  (calls sent: ${callsBeforeTheFirstAnswer})`,
      );
    }
    const worst = Math.max(...ratios);
    console.log(`target: ≤ ${TO_REACH}; worst of ${rounds}: ${worst}`);
    console.log(
      JSON.stringify({ bench: 'memory', node: process.version, inFlight: IN_FLIGHT, idleBytes, ratios, worst }),
    );
    return worst <= TO_REACH ? 0 : 1;
  } finally {
    await app.stop();
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });
  process.exitCode = await main(Number(values.rounds));
}
