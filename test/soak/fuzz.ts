/**
 * Runs both fuzzers at once (`npm run soak -- fuzz`): the reader of image headers in one process, the reader of
 * decrypted replies in another. Failing inputs and inputs with new behaviour are added to the corpus.
 * --minutes 10: run time.
 * --seed N: seed of the inputs.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { printHelp } from '../support/program-help.ts';
import { type FuzzReport, fuzzImage } from './fuzz-image.ts';
import { fuzzReply } from './fuzz-reply.ts';

printHelp(import.meta.url);

const IMAGE_CORPUS = new URL('../vectors/fuzz/image/', import.meta.url);
/** Time beyond the run time after which a fuzzer counts as hung. */
const HANG_MS = 30_000;
const HEAP_MB = 256;
const SECONDS_PER_MINUTE = 60;

/** Runs the header reader in a child, so that this process detects a hang or an unbounded allocation. */
function fuzzImageApart(seconds: number, seed: number): Promise<FuzzReport> {
  const self = fileURLToPath(import.meta.url);
  const args = [`--max-old-space-size=${HEAP_MB}`, self, '--image', '--seconds', `${seconds}`, '--seed', `${seed}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const watch = setTimeout(() => child.kill('SIGKILL'), seconds * 1000 + HANG_MS);
  const said: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => said.push(piece));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(watch);
      if (code === 0) resolve(JSON.parse(Buffer.concat(said).toString()) as FuzzReport);
      else
        reject(new Error(`the header reader's process ended with ${signal ?? code}: it hung, or used up its memory`));
    });
  });
}

function keepImages({ failures }: FuzzReport): string[] {
  return failures.map(({ inputBase64 }) => {
    const input = Buffer.from(inputBase64, 'base64');
    const name = `crash-${createHash('sha256').update(input).digest('hex').slice(0, 16)}.bin`;
    writeFileSync(new URL(name, IMAGE_CORPUS), input);
    return name;
  });
}

async function both(minutes: number, seed: number): Promise<number> {
  const seconds = minutes * SECONDS_PER_MINUTE;
  process.stderr.write(`fuzzing both readers for ${minutes} min from seed ${seed}\n`);
  const [image, reply] = await Promise.all([fuzzImageApart(seconds, seed), fuzzReply({ seconds, seed, keep: true })]);
  const kept = keepImages(image);
  const { failures, ...counts } = image;
  for (const { run, what } of failures) process.stderr.write(`image, run ${run}: ${what}\n`);
  if (reply.failure !== undefined) process.stderr.write(`reply: ${reply.failure} (${reply.failedInput})\n`);
  console.log(`images   ${counts.runs} inputs, ${counts.accepted} of them readable, ${failures.length} failures`);
  console.log(
    `replies  ${reply.inputs} inputs, slowest ${reply.slowestMs.toFixed(1)} ms, ${reply.fresh} new for the corpus`,
  );
  console.log(
    JSON.stringify({ soak: 'fuzz', minutes, seed, image: { ...counts, failures: failures.length, kept }, reply }),
  );
  return failures.length === 0 && reply.failure === undefined ? 0 : 1;
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    image: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '0' },
  },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
if (values.image) console.log(JSON.stringify(fuzzImage({ seconds: Number(values.seconds), seed })));
else process.exitCode = await both(Number(values.minutes), seed);
