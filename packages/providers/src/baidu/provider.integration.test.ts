import { generateKeyPairSync, privateDecrypt, randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { systemClock } from '@cardseal/base/clock';
import type { CardsealError } from '@cardseal/base/errors';
import type { CallHooks, Provider } from '@cardseal/core/provider';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_CIPHER_SUITE, decrypt, encrypt } from './cipher-suite.ts';
import { createIdCardClient, type IdCardClient } from './id-card-client.ts';
import { rsaKeyWrapper } from './key-wrapper.ts';
import { createBaiduProvider } from './provider.ts';
import { consoleKey, type SealedRequest } from './request-sealer.ts';
import { createTokenFetcher } from './token-fetcher.ts';
import { createTokenSource } from './token-source.ts';
import { memoryTokenStore } from './token-store.ts';
import { answerJson, type SeenRequest, startUpstream, type Upstream } from './upstream-for-tests.ts';

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const AES_KEY = '0123456789abcdef';
const REPLY = JSON.stringify({ words_result: { 姓名: { words: '样本' } } });
const IMAGE = randomBytes(5_000);
const CREDENTIAL = { apiKey: 'ak-secret', secretKey: 'sk-secret' };

type Kind = 'baidu-idcard-enc' | 'baidu-idcard-aes';
type Step = (request: SeenRequest, response: ServerResponse) => void;
let upstream: Upstream;
let client: IdCardClient;
let tokensGiven = 0;
/** What the OCR endpoint does, call by call; the last step stays. */
let steps: Step[] = [];

function keyOf(request: SeenRequest): Buffer {
  const wrapped = request.form.get('enc_aes_key');
  if (wrapped === null) return consoleKey(AES_KEY);
  return privateDecrypt({ key: pair.privateKey, oaepHash: 'sha256' }, Buffer.from(wrapped, 'base64'));
}
const reply =
  (plain: string | Buffer, key?: Buffer): Step =>
  (request, response) => {
    const sealed = encrypt(DEFAULT_CIPHER_SUITE, key ?? keyOf(request), Buffer.from(plain as string));
    answerJson(response, `{"log_id":18446744073709551615,"result":"${sealed.toString('base64')}"}`);
  };
const code =
  (error_code: number): Step =>
  (_, response) =>
    answerJson(response, { log_id: '1803', error_code });
const tokens: Step = (request, response) => {
  const known = request.form.get('client_id') === CREDENTIAL.apiKey;
  if (!known) return answerJson(response, { error: 'invalid_client', error_description: 'unknown client id' }, 401);
  answerJson(response, { access_token: `24.token-${++tokensGiven}`, expires_in: 2_592_000 });
};

beforeEach(async () => {
  tokensGiven = 0;
  steps = [reply(REPLY)];
  upstream = await startUpstream((request, response) => {
    if (request.path === '/oauth/2.0/token') return tokens(request, response);
    (steps.length > 1 ? steps.shift()! : steps[0]!)(request, response);
  });
  client = createIdCardClient({ baseUrl: upstream.baseUrl, deadlineMs: 2_000 });
});
afterEach(async () => {
  await client.stop();
  await upstream.stop();
});

function provider(kind: Kind = 'baidu-idcard-enc', keys = CREDENTIAL): Provider<SealedRequest> {
  return createBaiduProvider({
    credential: { id: 'main', provider: kind, aesKey: AES_KEY },
    keyWrapper: rsaKeyWrapper(pair.publicKey.export({ type: 'spki', format: 'pem' })),
    tokenSource: createTokenSource({
      credentialId: 'main',
      ...keys,
      fetchToken: createTokenFetcher(client),
      store: memoryTokenStore(systemClock),
      clock: systemClock,
    }),
    client,
  });
}

/** One whole recognition, with a note of every hook. */
async function run({ kind, reseal = true }: { kind?: Kind; reseal?: boolean } = {}) {
  const baidu = provider(kind);
  const repeats: string[] = [];
  const sealedOnes: SealedRequest[] = [];
  let sends = 0;
  const seal = async () => {
    const sealed = await baidu.seal(IMAGE, 'front', { detect_risk: true });
    sealedOnes.push(sealed);
    return sealed;
  };
  const hooks: CallHooks<SealedRequest> = {
    onRepeat: async (error) => void repeats.push(error.code),
    onSend: () => void sends++,
    ...(reseal ? { reseal: seal } : {}),
  };
  const outcome = await baidu.call(await seal(), AbortSignal.timeout(10_000), hooks).then(
    (value) => ({ value, error: undefined }),
    (error: CardsealError) => ({ value: undefined, error }),
  );
  const calls = upstream.seen.filter(({ path }) => path !== '/oauth/2.0/token');
  for (const sealed of sealedOnes) expect(() => sealed.open({})).toThrow('sealed_request_destroyed');
  expect(sends).toBe(calls.length);
  return { ...outcome, repeats, calls, sends };
}

describe.each(['baidu-idcard-enc', 'baidu-idcard-aes'] as const)('%s', (kind) => {
  it('seals, calls and opens', async () => {
    const { value, calls, repeats } = await run({ kind });
    expect(value).toMatchObject({ logId: '18446744073709551615', billed: 'yes' });
    expect(value!.plaintext.toString()).toBe(REPLY);
    expect([repeats, calls.length]).toEqual([[], 1]);
    const [call] = calls;
    expect(call!.path).toBe(`/rest/2.0/ocr/v1/idcard${kind === 'baidu-idcard-enc' ? '_enc' : ''}`);
    expect(call!.query.get('access_token')).toBe('24.token-1');
    const sent = Buffer.from(call!.form.get('image')!, 'base64');
    expect(decrypt(DEFAULT_CIPHER_SUITE, keyOf(call!), sent)).toEqual(IMAGE);
  });
});

describe('repeats', () => {
  it.each([100, 110, 111, 13])('%d: one new token, one repeat, the same body', async (errorCode) => {
    steps = [code(errorCode), reply(REPLY)];
    const { value, calls, repeats } = await run();
    expect(value!.plaintext.toString()).toBe(REPLY);
    expect(calls.map(({ query }) => query.get('access_token'))).toEqual(['24.token-1', '24.token-2']);
    expect(calls[1]!.form.get('image')).toBe(calls[0]!.form.get('image'));
    expect(repeats).toHaveLength(1);
  });

  it('a token refused twice is left to backoff', async () => {
    steps = [code(110)];
    const { error, calls } = await run();
    expect(error).toMatchObject({ code: 'upstream_token_invalid', disposition: 'transient' });
    expect([calls.length, tokensGiven]).toEqual([2, 2]);
  });

  it('216201: once more with a fresh key, then rejected', async () => {
    steps = [code(216201), reply(REPLY)];
    const mended = await run();
    expect(mended.value).toBeDefined();
    expect(mended.calls[0]!.form.get('enc_aes_key')).not.toBe(mended.calls[1]!.form.get('enc_aes_key'));
    upstream.seen.length = 0;
    steps = [code(216201)];
    const { error, calls } = await run();
    expect(error).toMatchObject({ code: 'image_format_refused', disposition: 'rejected' });
    expect(calls).toHaveLength(2);
  });

  it.each<[string, Step]>([
    ['a reply under another key', reply(REPLY, randomBytes(16))],
    ['a reply that is not JSON', reply('张三 {')],
    ['a reply that is not UTF-8', reply(Buffer.from([0x22, 0xff, 0xfe, 0x22]))],
    ['a reply without its field', (_, response) => answerJson(response, { log_id: '1' })],
  ])('%s: a fresh key once, then it is left to a later run', async (_, bad) => {
    steps = [bad, reply(REPLY)];
    const mended = await run();
    expect([mended.value?.plaintext.toString(), mended.repeats.length]).toEqual([REPLY, 1]);
    upstream.seen.length = 0;
    steps = [bad];
    const { error, calls } = await run();
    expect(error).toMatchObject({ disposition: 'transient', fields: { upstreamClass: 'crypto' } });
    expect(calls).toHaveLength(2);
    expect(new Set(calls.map(({ form }) => form.get('enc_aes_key'))).size).toBe(2);
    expect(inspect(error, { depth: 9 })).not.toContain('张三');
  });

  it('without reseal such repeats are left to the caller', async () => {
    steps = [reply(REPLY, randomBytes(16))];
    const { error, calls } = await run({ reseal: false });
    expect(error).toMatchObject({ code: 'upstream_reply_undecryptable', fields: { logId: '18446744073709551615' } });
    expect(calls).toHaveLength(1);
  });

  it.each([1, 4, 17, 18, 19, 6, 216100, 216200, 999])('%d is not repeated here', async (errorCode) => {
    steps = [code(errorCode)];
    expect((await run()).calls).toHaveLength(1);
  });

  it('sends nothing when no permit for the repeat is to be had, and still zeroes the key', async () => {
    steps = [code(110)];
    const baidu = provider();
    const sealed = await baidu.seal(IMAGE, 'front', {});
    const hooks: CallHooks<SealedRequest> = { onRepeat: () => Promise.reject(new Error('quota_wait')) };
    await expect(baidu.call(sealed, AbortSignal.timeout(10_000), hooks)).rejects.toThrow('quota_wait');
    expect(upstream.seen.filter(({ path }) => path.includes('idcard'))).toHaveLength(1);
    expect(() => sealed.open({})).toThrow('sealed_request_destroyed');
  });
});

describe('the credential', () => {
  it('has its token before a permit is taken', async () => {
    await provider().seal(IMAGE, 'front', {});
    expect(upstream.seen.map(({ path }) => path)).toEqual(['/oauth/2.0/token']);
  });

  it('is refused as a defect of configuration, keys in the body only and in no error', async () => {
    const keys = { apiKey: 'ak-wrong', secretKey: 'sk-wrong' };
    const error = await provider('baidu-idcard-enc', keys)
      .seal(IMAGE, 'front', {})
      .catch((thrown) => thrown);
    expect(error).toMatchObject({
      code: 'upstream_credential_refused',
      disposition: 'defect',
      fields: { upstreamClass: 'configuration', billed: 'no' },
    });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/ak-wrong|sk-wrong/);
    const [request] = upstream.seen;
    expect([...request!.query]).toEqual([]);
    expect(Object.fromEntries(request!.form)).toEqual({
      grant_type: 'client_credentials',
      client_id: 'ak-wrong',
      client_secret: 'sk-wrong',
    });
  });

  it.each<[string, Step]>([
    ['503', (_, response) => response.writeHead(503).end('<html>')],
    ['a page', (_, response) => response.end('<html>')],
    ['no token', (_, response) => answerJson(response, {})],
    ['null', (_, response) => answerJson(response, 'null')],
    ['a broken connection', (_, response) => response.destroy()],
  ])('a token endpoint that gives %s is transient', async (_, step) => {
    upstream.respond = step;
    await expect(provider().seal(IMAGE, 'front', {})).rejects.toMatchObject({
      code: 'upstream_token_unavailable',
      disposition: 'transient',
      fields: { billed: 'no' },
    });
  });

  it('of the white-box kind needs a key wrapper, of the other kind a console key', () => {
    const rest = { tokenSource: { get: async () => '', renew: async () => '' }, client };
    expect(() => createBaiduProvider({ credential: { id: 'x', provider: 'baidu-idcard-enc' }, ...rest })).toThrow(
      'key_wrapper_missing',
    );
    expect(() => createBaiduProvider({ credential: { id: 'x', provider: 'baidu-idcard-aes' }, ...rest })).toThrow(
      'aes_key_invalid',
    );
  });
});
