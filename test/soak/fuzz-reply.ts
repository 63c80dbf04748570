/**
 * Fuzzes the reader of decrypted replies (`npm run soak -- fuzz-reply`). It fails on an undeclared error, a hang or
 * unbounded memory. Failing inputs are saved next to the corpus, which unit tests replay.
 * --seconds N: run time.
 * --seed N: seed of the inputs.
 * --keep: adds inputs with new behaviour to the corpus.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { printHelp } from '../support/program-help.ts';
import type { FuzzReport, FuzzTask } from './fuzz-reply/worker.ts';

if (import.meta.main) printHelp(import.meta.url);

export const CORPUS = new URL('../vectors/fuzz/reply/', import.meta.url);
const SHARED_BYTES = 4 + 10 * 1024 * 1024;
const HANG_MS = 10_000;
/** Enough for a pool of small inputs and a few copies of the largest one. */
const HEAP_MB = 256;

export interface FuzzOutcome extends Omit<FuzzReport, 'fresh'> {
  fresh: number;
  /** The file name of the failed input in the corpus folder. */
  failedInput?: string;
}

function save(kind: 'crash' | 'kept', input: Uint8Array): string {
  const name = `${kind}-${createHash('sha256').update(input).digest('hex').slice(0, 16)}.bin`;
  writeFileSync(new URL(name, CORPUS), input);
  return name;
}

function supervise(task: FuzzTask): Promise<FuzzReport> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./fuzz-reply/worker.ts', import.meta.url), {
      workerData: task,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    const end = (failure: string) => {
      clearTimeout(watch);
      void worker.terminate();
      resolve({ inputs: 0, slowestMs: 0, slowestBytes: 0, fresh: [], failure });
    };
    const watch = setTimeout(() => end(`hung for ${HANG_MS} ms`), HANG_MS);
    worker.on('message', (message: 'beat' | FuzzReport) => {
      if (message === 'beat') return void watch.refresh();
      clearTimeout(watch);
      resolve(message);
    });
    worker.on('error', (error) => end(String(error)));
  });
}

/** Runs for `seconds` from `seed`. With `keep`, inputs with new behaviour join the corpus. */
export async function fuzzReply(options: { seconds: number; seed: number; keep?: boolean }): Promise<FuzzOutcome> {
  const corpus = readdirSync(CORPUS).map((name) => new Uint8Array(readFileSync(new URL(name, CORPUS))));
  const inHand = new SharedArrayBuffer(SHARED_BYTES);
  const { fresh, ...report } = await supervise({ corpus, inHand, seconds: options.seconds, seed: options.seed });
  if (options.keep) for (const input of fresh) save('kept', input);
  const outcome: FuzzOutcome = { ...report, fresh: fresh.length };
  if (report.failure === undefined) return outcome;
  const [length] = new Uint32Array(inHand, 0, 1);
  return { ...outcome, failedInput: save('crash', new Uint8Array(inHand, 4, length).slice()) };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '600' },
      seed: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
  });
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  const seconds = Number(values.seconds);
  process.stderr.write(`fuzzing the reply reader for ${seconds} s from seed ${seed}\n`);
  const outcome = await fuzzReply({ seconds, seed, keep: values.keep });
  process.stdout.write(`${JSON.stringify({ seed, seconds, ...outcome })}\n`);
  process.exitCode = outcome.failure === undefined ? 0 : 1;
}
