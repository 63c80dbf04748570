/**
 * Fuzzes the reader of image headers with seeded mutations of a small corpus, one input at a time. Every error except a
 * rejection with a known reason, every slow result and growing memory is a failure. A seed repeats it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RejectedError } from '@cardseal/base/errors';
import { imageReasons, inspectImage } from '@cardseal/idcard/image';

export interface FuzzRequest {
  seconds: number;
  seed: number;
  /** Ends after this many inputs. */
  maxRuns?: number;
  /** Replaces the reader, to show that the fuzzer detects a bad one. */
  inspect?: typeof inspectImage;
}

export interface FuzzFailure {
  run: number;
  seed: number;
  what: string;
  inputBase64: string;
}

export interface FuzzReport {
  runs: number;
  accepted: number;
  failures: FuzzFailure[];
}

const corpusFolder = fileURLToPath(new URL('../vectors/fuzz/image/', import.meta.url));
const slowMs = 250;
const maxGrowthBytes = 64 * 1024 * 1024;
const memoryCheckEvery = 20_000;
const maxFailures = 20;

/** @returns after `seconds`, `maxRuns` or 20 failures */
export function fuzzImage(request: FuzzRequest): FuzzReport {
  const { seconds, seed, maxRuns = Number.POSITIVE_INFINITY, inspect = inspectImage } = request;
  const corpus = readCorpus();
  const report: FuzzReport = { runs: 0, accepted: 0, failures: [] };
  const until = performance.now() + seconds * 1000;
  const startBytes = process.memoryUsage().arrayBuffers;
  while (performance.now() < until && report.runs < maxRuns && report.failures.length < maxFailures) {
    const input = mutate(corpus, seed, report.runs);
    const what = findFailure(inspect, input, report) ?? findGrowth(report.runs, startBytes);
    if (what) report.failures.push({ run: report.runs, seed, what, inputBase64: input.toString('base64') });
    report.runs += 1;
  }
  return report;
}

export function readCorpus(): Buffer[] {
  return readdirSync(corpusFolder)
    .sort()
    .map((name) => readFileSync(corpusFolder + name));
}

function findFailure(inspect: typeof inspectImage, input: Buffer, report: FuzzReport): string | undefined {
  const startedUs = processorUs();
  try {
    const facts = inspect(input);
    report.accepted += 1;
    const sane = facts.widthPx > 0 && facts.heightPx > 0 && facts.orientation >= 1 && facts.orientation <= 8;
    if (!sane) return `impossible facts ${JSON.stringify(facts)}`;
  } catch (error) {
    if (!(error instanceof RejectedError)) return `threw ${String(error)}`;
    const reason = error.fields.reason;
    if (error.code !== 'image_unusable' || !imageReasons.some((known) => known === reason))
      return `odd reason ${reason}`;
  }
  return processorUs() - startedUs > slowMs * 1000 ? 'slow' : undefined;
}

/** CPU time, not wall time: a busy machine makes no reader slow. */
function processorUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function findGrowth(run: number, startBytes: number): string | undefined {
  if (run % memoryCheckEvery !== memoryCheckEvery - 1) return undefined;
  if (process.memoryUsage().arrayBuffers - startBytes <= maxGrowthBytes) return undefined;
  // The inputs themselves are garbage: only memory that survives a collection was kept by the reader.
  collectGarbage();
  const grown = process.memoryUsage().arrayBuffers - startBytes;
  return grown > maxGrowthBytes ? `memory grew by ${grown} bytes` : undefined;
}

/** Collects twice: memory that the first collection frees counts as free only after the second. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
}

/** Each input depends on the seed and the run number alone, so one failure repeats without the earlier runs. */
export function mutate(corpus: readonly Buffer[], seed: number, run: number): Buffer {
  const random = xorshift(seed * 1_000_003 + run);
  let bytes: Buffer = Buffer.from(corpus[random() % corpus.length]!);
  const steps = 1 + (random() % 4);
  for (let n = 0; n < steps; n++) bytes = mutations[random() % mutations.length]!(bytes, random, corpus);
  return bytes;
}

type Mutation = (bytes: Buffer, random: () => number, corpus: readonly Buffer[]) => Buffer;

const interesting = [0, 1, 2, 0x7f, 0x80, 0xff, 0xd8, 0xd9, 0xda, 0xc0, 0xe1];
const interestingWide = [0, 1, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff4];

/** Headers matter most: half of the positions are within the first hundred bytes. */
function place(bytes: Buffer, random: () => number): number {
  const reach = random() % 2 === 0 ? Math.min(100, bytes.length) : bytes.length;
  return reach === 0 ? 0 : random() % reach;
}

const mutations: readonly Mutation[] = [
  (bytes, random) => {
    if (bytes.length > 0) bytes[place(bytes, random)]! ^= 1 << (random() % 8);
    return bytes;
  },
  (bytes, random) => {
    if (bytes.length > 0) bytes[place(bytes, random)] = interesting[random() % interesting.length]!;
    return bytes;
  },
  (bytes, random) => {
    if (bytes.length < 4) return bytes;
    const value = interestingWide[random() % interestingWide.length]!;
    const at = Math.min(place(bytes, random), bytes.length - 4);
    random() % 2 ? bytes.writeUInt32BE(value, at) : bytes.writeUInt32LE(value, at);
    return bytes;
  },
  (bytes, random) => bytes.subarray(0, random() % (bytes.length + 1)),
  (bytes, random) => {
    const at = place(bytes, random);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + (random() % 32))]);
  },
  (bytes, random) => {
    const at = place(bytes, random);
    const piece = bytes.subarray(at, at + (random() % 64));
    const times = 1 + (random() % 200);
    return Buffer.concat([bytes.subarray(0, at), ...Array.from({ length: times }, () => piece), bytes.subarray(at)]);
  },
  (bytes, random, corpus) => {
    const other = corpus[random() % corpus.length]!;
    return Buffer.concat([bytes.subarray(0, place(bytes, random)), other.subarray(place(other, random))]);
  },
  (bytes, random) => Buffer.concat([bytes, Buffer.alloc(random() % 65_536, random() & 255)]),
];

function xorshift(seed: number): () => number {
  let state = Math.imul((seed ^ 0x5bd1e995) | 0, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
