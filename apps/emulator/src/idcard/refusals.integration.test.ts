import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateSpecimens } from '../cards/index.ts';
import { CREDENTIAL, formOf, open, seal, startClient, type TestClient } from '../client-for-tests.ts';
import type { CipherSuite } from '../config.ts';
import { decipher, encipher } from './cipher.ts';

let client: TestClient;
let picture: Buffer;
beforeAll(async () => {
  client = await startClient();
  for await (const card of generateSpecimens({ count: 1, scenario: 'good' })) picture = card.front;
});
afterAll(() => client.stop());

const blank = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#abc' } })
    .jpeg()
    .toBuffer();

describe("a wrong request gets the provider's code", () => {
  it.each<[string, number, Record<string, string | undefined>]>([
    ['no image', 216101, { image: undefined }],
    ['no key', 216101, { enc_aes_key: undefined }],
    ['no side', 216101, { id_card_side: undefined }],
    ['an unknown side', 216100, { id_card_side: 'both' }],
    ['an option that is neither true nor false', 216100, { detect_risk: '1' }],
    ['an empty image', 216200, { image: '' }],
    ['an image that is not base64', 216201, { image: '?' }],
    ['a key that cannot be decrypted', 216201, { enc_aes_key: Buffer.alloc(256, 7).toString('base64') }],
    [
      'an image encrypted with another key',
      216201,
      { image: seal(Buffer.alloc(100), randomBytes(16)).toString('base64') },
    ],
    ['more than 4 MiB after urlencoding', 216202, { image: 'A'.repeat(4 * 1024 * 1024 + 4) }],
  ])('%s: %i', async (_name, code, fields) => {
    const { status, json } = await client.call(picture, 'front', fields);
    expect([status, json.error_code]).toEqual([200, code]);
    expect(json.log_id).toMatch(/^\d{19}$/);
  });

  it('checks format and sides of the decrypted image', async () => {
    const codeOf = async (bytes: Buffer) => (await client.call(bytes, 'front')).json.error_code;
    expect(await codeOf(Buffer.alloc(0))).toBe(216200);
    expect(await codeOf(Buffer.from('GIF89a and so on'))).toBe(216201);
    expect(await codeOf(picture.subarray(0, 3000))).toBe(216201);
    expect(await codeOf(await blank(300, 14))).toBe(216202);
    expect(await codeOf(await blank(4097, 20))).toBe(216202);
    expect((await client.call(await blank(300, 15), 'front')).reply.image_status).toBe('non_idcard');
  });

  it('refuses an image with unescaped plus signs', async () => {
    const body = `id_card_side=front&image=${seal(picture, Buffer.alloc(16)).toString('base64')}&enc_aes_key=x`;
    const { json } = await client.post(`/rest/2.0/ocr/v1/idcard_enc?access_token=${client.token}`, body);
    expect(json.error_code).toBe(216201);
  });

  it('responds with 413 to a body over 24 MiB', async () => {
    const answer = await client.call(picture, 'front', { image: 'A'.repeat(25 * 1024 * 1024) });
    expect(answer.status).toBe(413);
  });
});

describe('the sibling endpoint', () => {
  const path = () => `/rest/2.0/ocr/v1/idcard?access_token=${client.token}`;

  it('accepts a token followed by a second query, which the official Node SDK sends', async () => {
    const body = formOf({ image: picture.toString('base64'), id_card_side: 'front' });
    const { json } = await client.post(
      `/rest/2.0/ocr/v1/idcard?aipSdk=node&access_token=${client.token}?aipSdk=node`,
      body,
    );
    expect(json.image_status).toBe('normal');
  });

  it('returns an unencrypted reply to an unencrypted request, with log_id as a number', async () => {
    const body = formOf({ image: picture.toString('base64'), id_card_side: 'front' });
    const { text, json } = await client.post(path(), body);
    expect(text).toMatch(/^\{"log_id":\d{19},"words_result":\{/);
    expect(json.words_result.姓名.words.length).toBeGreaterThan(1);
  });

  it('decrypts and encrypts with the console key if AESEncry is true', async () => {
    const key = Buffer.from([...CREDENTIAL.aes_key!].map((char) => Number.parseInt(char, 16)));
    const image = seal(picture, key).toString('base64');
    const { json } = await client.post(path(), formOf({ image, id_card_side: 'front', AESEncry: 'true' }));
    expect(open(json.result, key)).toMatchObject({ image_status: 'normal', words_result_num: 6 });
  });

  it('matches the known results for the console key', () => {
    const key = Buffer.from([...'0123456789abcdef'].map((char) => Number.parseInt(char, 16)));
    const suite: CipherSuite = { mode: 'ecb', iv: 'none' };
    expect(encipher(Buffer.from('hello'), key, suite).toString('base64')).toBe('XYdJ4q91MbK/ZmHp5drwEg==');
    const reply = Buffer.from('bp8jX5h0W9NpoSj3LpUAL71RK4Uy+m7CeA7Jppz1WHk=', 'base64');
    expect(decipher(reply, key, suite)?.toString()).toBe('{"words_result":{}}');
  });
});

describe.each<CipherSuite>([
  { mode: 'ecb', iv: 'none' },
  { mode: 'cbc', iv: 'zero' },
  { mode: 'cbc', iv: 'random-prefix' },
  { mode: 'gcm', iv: 'zero' },
  { mode: 'gcm', iv: 'random-prefix' },
])('suite %o', (suite) => {
  it.each([16, 32])('decrypts what it encrypted with a key of %i bytes, and refuses another key', (keyBytes) => {
    const [key, plain] = [randomBytes(keyBytes), randomBytes(1000)];
    const sealed = encipher(plain, key, suite);
    expect(decipher(sealed, key, suite)).toEqual(plain);
    const other = decipher(sealed, randomBytes(keyBytes), suite);
    expect(other === undefined || digest(other) !== digest(plain)).toBe(true);
  });
});

it('a GCM ciphertext has a prefix of 12 bytes and a tag of 16 bytes', () => {
  const [key, iv, plain] = [randomBytes(32), randomBytes(12), Buffer.from('picture')];
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const sealed = Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  expect(decipher(sealed, key, { mode: 'gcm', iv: 'random-prefix' })).toEqual(plain);
  sealed[sealed.length - 1]! ^= 1;
  expect(decipher(sealed, key, { mode: 'gcm', iv: 'random-prefix' })).toBeUndefined();
});

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
