/**
 * Checks both ends of the cipher suites with OpenSSL's command line: it opens what Cardseal seals, and the emulator
 * accepts what OpenSSL sealed. GCM is left out, because the `enc` command does not support it.
 */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createEmulator, DEFAULT_CONFIG } from '@cardseal/emulator';
import { generateSpecimens } from '@cardseal/emulator/cards';
import { type CipherSuite, encSealer, rsaKeyWrapper } from '@cardseal/providers/baidu';
import { printHelp } from '../support/program-help.ts';

printHelp(import.meta.url);

const SUITES: CipherSuite[] = [128, 256].flatMap((keyBits) =>
  [
    { mode: 'ecb', iv: 'none' },
    { mode: 'cbc', iv: 'zero' },
    { mode: 'cbc', iv: 'random-prefix' },
  ].map((rest) => ({ keyBits, replyField: 'result', ...rest }) as CipherSuite),
);
const CREDENTIAL = {
  id: 'cli',
  provider: 'baidu-idcard-enc',
  api_key: 'key-of-the-cli',
  secret_key: 'its-secret',
} as const;
const IV_BYTES = 16;

function openssl(args: string[], input: Buffer): Buffer {
  return execFileSync('openssl', args, { input, maxBuffer: 64 * 1024 * 1024, stdio: ['pipe', 'pipe', 'pipe'] });
}

function must(condition: boolean, claim: string): void {
  if (!condition) throw new Error(`failed: ${claim}`);
  console.log(`  ok  ${claim}`);
}

const titleOf = ({ keyBits, mode, iv }: CipherSuite) => `AES-${keyBits}-${mode}, IV ${iv}`;
const oaep = ['rsa_padding_mode:oaep', 'rsa_oaep_md:sha256', 'rsa_mgf1_md:sha256'].flatMap((one) => ['-pkeyopt', one]);

/** `openssl enc` with a plain key and, except for ECB, a plain IV. */
function enc(suite: CipherSuite, direction: '-e' | '-d', key: Buffer, iv: Buffer, input: Buffer): Buffer {
  const ivArgs = suite.mode === 'ecb' ? [] : ['-iv', iv.toString('hex')];
  return openssl(
    ['enc', direction, `-aes-${suite.keyBits}-${suite.mode}`, '-K', key.toString('hex'), ...ivArgs],
    input,
  );
}

function open(suite: CipherSuite, key: Buffer, sealed: Buffer): Buffer {
  const prefixed = suite.iv === 'random-prefix';
  const iv = prefixed ? sealed.subarray(0, IV_BYTES) : Buffer.alloc(IV_BYTES);
  return enc(suite, '-d', key, iv, prefixed ? sealed.subarray(IV_BYTES) : sealed);
}

function seal(suite: CipherSuite, key: Buffer, plain: Buffer): Buffer {
  const prefixed = suite.iv === 'random-prefix';
  const iv = prefixed ? randomBytes(IV_BYTES) : Buffer.alloc(IV_BYTES);
  const sealed = enc(suite, '-e', key, iv, plain);
  return prefixed ? Buffer.concat([iv, sealed]) : sealed;
}

/** Opens a request of Cardseal without any of its code. */
async function checkSealing(folder: string, suite: CipherSuite, image: Buffer): Promise<void> {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const privatePem = path.join(folder, 'private.pem');
  writeFileSync(privatePem, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const wrapper = rsaKeyWrapper(Buffer.from(pair.publicKey.export({ type: 'spki', format: 'pem' })));
  const request = await encSealer(wrapper, { suite }).seal(image, 'front', {});
  const form = new URLSearchParams(request.body.toString('latin1'));
  const wrapped = Buffer.from(form.get('enc_aes_key')!, 'base64');
  const key = openssl(['pkeyutl', '-decrypt', '-inkey', privatePem, ...oaep], wrapped);
  must(
    open(suite, key, Buffer.from(form.get('image')!, 'base64')).equals(image),
    `${titleOf(suite)}: OpenSSL opens the request of Cardseal`,
  );
  request.destroy();
}

/** Builds a call from parts of fetch and OpenSSL only. */
async function checkEmulator(folder: string, suite: CipherSuite, image: Buffer, name: string): Promise<void> {
  const { mode, iv } = suite;
  const emulator = createEmulator({ ...DEFAULT_CONFIG, credentials: [CREDENTIAL], suite: { mode, iv } });
  try {
    const base = `http://127.0.0.1:${(await emulator.start()).port}`;
    const publicPem = path.join(folder, 'public.pem');
    writeFileSync(publicPem, await (await fetch(`${base}/__control/public-key`)).text());
    const keys = {
      grant_type: 'client_credentials',
      client_id: CREDENTIAL.api_key,
      client_secret: CREDENTIAL.secret_key,
    };
    const token = await post<{ access_token: string }>(`${base}/oauth/2.0/token`, keys);
    const key = randomBytes(suite.keyBits / 8);
    const wrapped = openssl(['pkeyutl', '-encrypt', '-pubin', '-inkey', publicPem, ...oaep], key);
    const form = {
      image: seal(suite, key, image).toString('base64'),
      enc_aes_key: wrapped.toString('base64'),
      id_card_side: 'front',
    };
    const url = `${base}/rest/2.0/ocr/v1/idcard_enc?access_token=${token.access_token}`;
    const { result } = await post<{ result: string }>(url, form);
    const reply = JSON.parse(open(suite, key, Buffer.from(result, 'base64')).toString());
    must(
      reply.words_result.姓名.words === name,
      `${titleOf(suite)}: the emulator reads the request of OpenSSL, and OpenSSL opens the reply`,
    );
  } finally {
    await emulator.stop();
  }
}

async function post<Answer>(url: string, form: Record<string, string>): Promise<Answer> {
  return (await (await fetch(url, { method: 'POST', body: new URLSearchParams(form) })).json()) as Answer;
}

const folder = mkdtempSync(path.join(tmpdir(), 'cardseal-interop-'));
try {
  console.log(`  ${openssl(['version'], Buffer.alloc(0)).toString().trim()}`);
  const [specimen] = await Array.fromAsync(generateSpecimens({ count: 1, seed: 82, scenario: 'good', scale: 0.5 }));
  for (const suite of SUITES) {
    await checkSealing(folder, suite, specimen!.front);
    await checkEmulator(folder, suite, specimen!.front, specimen!.truth.card.name!);
  }
  console.log('openssl: both ends agree with OpenSSL on every suite that it supports');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
