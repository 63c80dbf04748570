/**
 * Measures the cost of ciphers per job (`npm run bench -- crypto`): sealing at rest and request encryption compared
 * with OpenSSL's own rate on the same bytes, and base64 with URL encoding compared with the best string methods. All
 * candidates run in turn; the table shows medians with spread.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import {
  aesSealer,
  type CipherSuite,
  createEncryptor,
  createFormValueWriter,
  PIECE_BYTES,
} from '@cardseal/providers/baidu';
import { open, seal } from '@cardseal/sealing';
import { printHelp } from '../support/program-help.ts';

if (import.meta.main) printHelp(import.meta.url);

const SIZES_BYTES = [60_000, 300_000, 1_000_000, 2_800_000];
const ROUNDS = 15;
/** Small images are repeated until one measurement is long enough to be reliable. */
const BYTES_PER_ROUND = 6_000_000;

interface Measure {
  readonly msPerMb: number;
  readonly p10: number;
  readonly p90: number;
}

/** Runs all candidates in turn in every round, so that other load affects all alike. */
function measure(sizeBytes: number, candidates: Record<string, () => unknown>): Record<string, Measure> {
  const repeats = Math.max(1, Math.round(BYTES_PER_ROUND / sizeBytes));
  const times = new Map(Object.keys(candidates).map((name) => [name, [] as number[]]));
  for (let round = -5; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(candidates)) {
      const startedMs = performance.now();
      for (let n = 0; n < repeats; n++) run();
      const tookMs = performance.now() - startedMs;
      if (round >= 0) times.get(name)!.push((tookMs / repeats / sizeBytes) * 1e6);
    }
  }
  return Object.fromEntries([...times].map(([name, all]) => [name, summary(all)]));
}

function summary(times: number[]): Measure {
  const sorted = times.sort((a, b) => a - b);
  const at = (share: number) => Number(sorted[Math.floor(share * (sorted.length - 1))]!.toFixed(4));
  return { msPerMb: at(0.5), p10: at(0.1), p90: at(0.9) };
}

const suite = (mode: CipherSuite['mode'], keyBits: CipherSuite['keyBits'] = 128): CipherSuite => ({
  keyBits,
  mode,
  iv: mode === 'ecb' ? 'none' : 'random-prefix',
  replyField: 'result',
});

/** Plain OpenSSL: one call over the whole buffer. */
function bare(mode: CipherSuite['mode'], bytes: Buffer, keyBits: CipherSuite['keyBits'] = 128): () => void {
  const key = randomBytes(keyBits / 8);
  const iv = { ecb: null, cbc: randomBytes(16), gcm: randomBytes(12) }[mode];
  return () => {
    const cipher = createCipheriv(`aes-${keyBits}-${mode}`, key, iv);
    cipher.update(bytes);
    cipher.final();
  };
}

/** Encodes piece by piece like the sealer and drops each piece after it is encoded. */
function inPieces(mode: CipherSuite['mode'], bytes: Buffer, keyBits: CipherSuite['keyBits'] = 128): () => void {
  const key = randomBytes(keyBits / 8);
  return () => {
    const encryptor = createEncryptor(suite(mode, keyBits), key);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) encryptor.update(bytes.subarray(at, at + PIECE_BYTES));
    encryptor.final();
  };
}

const PLACE = { tenant: 'bank', subject: 'job_0', kind: 'front.image' };

/** Decrypts OpenSSL's output with OpenSSL. */
function bareOpen(bytes: Buffer): () => void {
  const [key, iv] = [randomBytes(32), randomBytes(12)];
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
  const tag = cipher.getAuthTag();
  return () => {
    const decipher = createDecipheriv('aes-256-gcm', key, iv).setAuthTag(tag);
    decipher.update(sealed);
    decipher.final();
  };
}

function encode(bytes: Buffer): Buffer {
  const writer = createFormValueWriter('image=', bytes.length);
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) writer.write(bytes.subarray(at, at + PIECE_BYTES));
  return writer.finish();
}

const escaped = (bytes: Buffer) =>
  bytes.toString('base64').replaceAll('+', '%2B').replaceAll('/', '%2F').replaceAll('=', '%3D');

function run(sizeBytes: number) {
  const bytes = randomBytes(sizeBytes);
  if (!encode(bytes).equals(Buffer.from(`image=${escaped(bytes)}`, 'latin1'))) throw new Error('the encodings differ');
  const key = randomBytes(32);
  const envelope = seal(key, PLACE, bytes);
  if (!open(key, PLACE, envelope).equals(bytes)) throw new Error('the envelope does not open');
  const measured = measure(sizeBytes, {
    'openssl aes-128-ecb': bare('ecb', bytes),
    'cardseal aes-128-ecb': inPieces('ecb', bytes),
    'openssl aes-256-gcm': bare('gcm', bytes, 256),
    'cardseal aes-256-gcm': inPieces('gcm', bytes, 256),
    'cardseal seal at rest': () => seal(key, PLACE, bytes),
    'openssl aes-256-gcm open': bareOpen(bytes),
    'cardseal open': () => open(key, PLACE, envelope),
    'replaceAll × 3': () => escaped(bytes),
    'replaceAll × 3 + Buffer': () => Buffer.from(escaped(bytes), 'latin1'),
    'cardseal encoding': () => encode(bytes),
  });
  const ms = (name: string) => measured[name]!.msPerMb;
  return {
    sizeBytes,
    measured,
    encryptionVsOpenssl: ratio(ms('openssl aes-128-ecb'), ms('cardseal aes-128-ecb')),
    gcmVsOpenssl: ratio(ms('openssl aes-256-gcm'), ms('cardseal aes-256-gcm')),
    sealVsOpenssl: ratio(ms('openssl aes-256-gcm'), ms('cardseal seal at rest')),
    openVsOpenssl: ratio(ms('openssl aes-256-gcm open'), ms('cardseal open')),
    encodingVsReplaceAll: ratio(ms('cardseal encoding'), ms('replaceAll × 3')),
    encodingVsReplaceAllBuffer: ratio(ms('cardseal encoding'), ms('replaceAll × 3 + Buffer')),
  };
}

const ratio = (a: number, b: number) => Number((a / b).toFixed(3));

/** The whole request: time, and memory allocated in addition to the image, which is the body only. */
async function wholeRequest(sizeBytes: number) {
  const image = randomBytes(sizeBytes);
  const sealer = aesSealer('0123456789abcdef', { maxEncodedBytes: 8_000_000 });
  const times: number[] = [];
  let body = Buffer.alloc(0);
  for (let n = 0; n < ROUNDS; n++) {
    const startedMs = performance.now();
    body = (await sealer.seal(image, 'front', {})).body as Buffer<ArrayBuffer>;
    times.push(((performance.now() - startedMs) / sizeBytes) * 1e6);
  }
  const allocated = Number((body.buffer.byteLength / body.length).toFixed(4));
  return { sizeBytes, bodyBytes: body.length, ...summary(times), allocatedPerBodyByte: allocated };
}

export async function main(): Promise<number> {
  const rows = SIZES_BYTES.map(run);
  for (const { sizeBytes, measured, ...ratios } of rows) {
    console.log(`\nimage of ${sizeBytes} bytes (ms per MB: median, 10 %, 90 %)`);
    for (const [name, { msPerMb, p10, p90 }] of Object.entries(measured)) {
      console.log(`  ${name.padEnd(24)} ${[msPerMb, p10, p90].map((ms) => ms.toFixed(3).padStart(8)).join(' ')}`);
    }
    console.log(
      `  encryption ÷ OpenSSL's rate  ECB ${ratios.encryptionVsOpenssl}  GCM ${ratios.gcmVsOpenssl}   (target: ≥ 0.6)`,
    );
    console.log(
      `  sealing at rest ÷ OpenSSL's  seal ${ratios.sealVsOpenssl}  open ${ratios.openVsOpenssl}   (target: ≥ 0.6)`,
    );
    console.log(
      `  encoding ÷ replaceAll × 3    ${ratios.encodingVsReplaceAll}, with its Buffer ${ratios.encodingVsReplaceAllBuffer}   (target: ≤ 0.35)`,
    );
  }
  const whole = await wholeRequest(2_800_000);
  console.log(
    `\na whole sealed request of 2.8 MB: ${whole.msPerMb} ms per MB, ${whole.allocatedPerBodyByte} bytes allocated per body byte\n`,
  );
  console.log(JSON.stringify({ bench: 'crypto', node: process.version, cpus: availableParallelism(), rows, whole }));
  return 0;
}

if (import.meta.main) process.exitCode = await main();
