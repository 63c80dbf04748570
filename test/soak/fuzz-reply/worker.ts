/**
 * The loop of the reply fuzzer in its own thread. The heap limit of the thread bounds its memory, and the runner ends a
 * hung thread. The current input is always in shared memory, so that it survives both.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { examine } from './examine.ts';
import { mutate, Random } from './mutate.ts';

export interface FuzzTask {
  corpus: Uint8Array[];
  seconds: number;
  seed: number;
  /** Length and bytes of the current input. */
  inHand: SharedArrayBuffer;
}

export interface FuzzReport {
  inputs: number;
  slowestMs: number;
  slowestBytes: number;
  /** Inputs with a behaviour that no earlier input had. */
  fresh: Uint8Array[];
  failure?: string;
}

const MAX_POOL = 2_000;
const MAX_KEPT_BYTES = 20_000;
const BEAT_EVERY_MS = 250;

function run({ corpus, seconds, seed, inHand }: FuzzTask): FuzzReport {
  const length = new Uint32Array(inHand, 0, 1);
  const bytes = new Uint8Array(inHand, 4);
  const random = new Random(seed);
  const pool: Buffer[] = corpus.map((input) => Buffer.from(input));
  const report: FuzzReport = { inputs: 0, slowestMs: 0, slowestBytes: 0, fresh: [] };
  const take = (input: Uint8Array) => {
    bytes.set(input);
    length[0] = input.length;
    return examine(input);
  };
  const seen = new Set(pool.flatMap(take));
  const endsAt = performance.now() + seconds * 1000;
  for (let now = performance.now(), beatAt = now; now < endsAt; ) {
    const input = mutate(pool, random);
    const startedAt = performance.now();
    let traits: string[];
    try {
      traits = take(input);
    } catch (error) {
      return { ...report, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    now = performance.now();
    report.inputs += 1;
    if (now - startedAt > report.slowestMs) {
      report.slowestMs = now - startedAt;
      report.slowestBytes = input.length;
    }
    const isFresh = traits.some((trait) => !seen.has(trait)) && input.length < MAX_KEPT_BYTES;
    if (isFresh) report.fresh.push(Uint8Array.from(input));
    // A pool that accepts only new behaviours would stop changing, so some other inputs replace each other in it.
    if (isFresh || (input.length < MAX_KEPT_BYTES && random.below(50) === 0)) {
      for (const trait of traits) seen.add(trait);
      pool[pool.length < MAX_POOL ? pool.length : corpus.length + random.below(MAX_POOL - corpus.length)] = input;
    }
    if (now > beatAt) {
      parentPort?.postMessage('beat');
      beatAt = now + BEAT_EVERY_MS;
    }
  }
  return report;
}

parentPort?.postMessage(run(workerData as FuzzTask));
