import { createDecipheriv, createPrivateKey, generateKeyPairSync, privateDecrypt, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type CipherSuite, DEFAULT_CIPHER_SUITE, decrypt, encrypt } from './cipher-suite.ts';
import { leastEncodedLength } from './form-encoder.ts';
import { type KeyWrapper, rsaKeyWrapper } from './key-wrapper.ts';
import { aesSealer, consoleKey, encSealer } from './request-sealer.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const unwrap = (wrapped: string) =>
  privateDecrypt({ key: createPrivateKey(privateKey), oaepHash: 'sha256' }, Buffer.from(wrapped, 'base64'));

/** Hands out the very buffers it was given, so that a test sees them zeroed. */
function watchingWrapper(): KeyWrapper & { keys: Buffer[] } {
  const keys: Buffer[] = [];
  const wrap = async (key: Buffer) => {
    keys.push(key);
    return 'WRAPPED+/=';
  };
  return { keys, wrap, stop: async () => {} };
}

describe('the known answers of the sibling', () => {
  const key = consoleKey('0123456789abcdef');

  it('maps each hex character to one byte', () => {
    expect([...key]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    expect([...consoleKey('FEDCBA9876543210')].reverse()).toEqual([...key]);
  });

  it.each([
    ['hello', 'XYdJ4q91MbK/ZmHp5drwEg=='],
    ['{"words_result":{}}', 'bp8jX5h0W9NpoSj3LpUAL71RK4Uy+m7CeA7Jppz1WHk='],
  ])('%s', (plain, sealed) => {
    expect(encrypt(DEFAULT_CIPHER_SUITE, key, Buffer.from(plain)).toString('base64')).toBe(sealed);
    expect(decrypt(DEFAULT_CIPHER_SUITE, key, Buffer.from(sealed, 'base64')).toString()).toBe(plain);
  });

  it('writes the sealed image into the form and opens the reply', async () => {
    const sealed = await aesSealer('0123456789abcdef').seal(Buffer.from('hello'), 'back', {});
    const form = new URLSearchParams(sealed.body.toString('latin1'));
    expect(Object.fromEntries(form)).toEqual({
      id_card_side: 'back',
      AESEncry: 'true',
      image: 'XYdJ4q91MbK/ZmHp5drwEg==',
    });
    const reply = { result: 'bp8jX5h0W9NpoSj3LpUAL71RK4Uy+m7CeA7Jppz1WHk=' };
    expect(sealed.open(reply).toString()).toBe('{"words_result":{}}');
  });

  it.each(['', '0123456789abcde', '0123456789abcdeg', '0123456789abcdef0'])(
    'refuses the key %j without quoting it',
    (bad) => {
      expect(() => aesSealer(bad)).toThrow(/^aes_key_invalid$/);
    },
  );
});

describe('the white-box sealer', () => {
  const suites: CipherSuite[] = [
    DEFAULT_CIPHER_SUITE,
    { keyBits: 256, mode: 'cbc', iv: 'random-prefix', replyField: 'data' },
    { keyBits: 128, mode: 'gcm', iv: 'random-prefix', replyField: 'result' },
    { keyBits: 256, mode: 'gcm', iv: 'zero', replyField: 'result' },
  ];

  it.each(suites)('seals under a fresh wrapped key and opens the reply ($mode, $keyBits, $iv)', async (suite) => {
    const sealer = encSealer(rsaKeyWrapper(publicKey), { suite });
    const image = randomBytes(100_003);
    const options = { detect_risk: true, detect_photo: false, detect_card: true };
    const sealed = await sealer.seal(image, 'front', options);
    const text = sealed.body.toString('latin1');
    const { image: sent, enc_aes_key, ...rest } = Object.fromEntries(new URLSearchParams(text));
    expect(rest).toEqual({ id_card_side: 'front', detect_risk: 'true', detect_card: 'true' });
    expect(text).toMatch(/^[A-Za-z0-9%=&_]+$/);
    expect(sealed.encodedImageBytes).toBe(text.split('&image=')[1]!.length);
    const key = unwrap(enc_aes_key!);
    expect(decrypt(suite, key, Buffer.from(sent!, 'base64'))).toEqual(image);
    const reply = encrypt(suite, key, Buffer.from('{"a":1}')).toString('base64');
    expect(sealed.open({ [suite.replyField]: reply }).toString()).toBe('{"a":1}');
  });

  it('is, under the default suite, what a plain AES-128-ECB decipher reads', async () => {
    const image = randomBytes(1_000);
    const sealed = await encSealer(rsaKeyWrapper(publicKey)).seal(image, 'front', {});
    const form = new URLSearchParams(sealed.body.toString('latin1'));
    const decipher = createDecipheriv('aes-128-ecb', unwrap(form.get('enc_aes_key')!), null);
    const plain = [decipher.update(Buffer.from(form.get('image')!, 'base64')), decipher.final()];
    expect(Buffer.concat(plain)).toEqual(image);
  });

  it('uses another key for every request', async () => {
    const wrapper = watchingWrapper();
    const sealer = encSealer(wrapper);
    const bodies = await Promise.all([1, 2, 3].map(() => sealer.seal(Buffer.from('same'), 'front', {})));
    expect(new Set(wrapper.keys.map((key) => key.toString('hex'))).size).toBe(3);
    expect(new Set(bodies.map(({ body }) => body.toString())).size).toBe(3);
  });

  it('zeroes the key at destroy, and opens nothing afterwards', async () => {
    const wrapper = watchingWrapper();
    const sealed = await encSealer(wrapper).seal(Buffer.from('x'), 'front', {});
    expect(wrapper.keys[0]).not.toEqual(Buffer.alloc(16));
    sealed.destroy();
    expect(wrapper.keys[0]).toEqual(Buffer.alloc(16));
    expect(() => sealed.open({ result: 'AAAA' })).toThrow('sealed_request_destroyed');
  });

  it('zeroes the key when wrapping fails', async () => {
    const keys: Buffer[] = [];
    const failing: KeyWrapper = {
      wrap: async (key) => {
        keys.push(key);
        throw new Error('no');
      },
      stop: async () => {},
    };
    await expect(encSealer(failing).seal(Buffer.from('x'), 'front', {})).rejects.toThrow('no');
    expect(keys[0]).toEqual(Buffer.alloc(16));
  });

  it.each([{}, { result: 5 }, { result: '' }])('a reply without its ciphertext is class crypto (%j)', async (reply) => {
    const sealed = await encSealer(watchingWrapper()).seal(Buffer.from('x'), 'front', {});
    expect(() => sealed.open(reply)).toThrow('upstream_reply_incomplete');
  });
});

describe('the limit', () => {
  it('lets the last fitting image through and refuses one byte less of limit', async () => {
    const image = randomBytes(200_000);
    const { encodedImageBytes } = await aesSealer('0123456789abcdef').seal(image, 'front', {});
    const seal = (maxEncodedBytes: number) =>
      aesSealer('0123456789abcdef', { maxEncodedBytes }).seal(image, 'front', {});
    expect((await seal(encodedImageBytes)).encodedImageBytes).toBe(encodedImageBytes);
    await expect(seal(encodedImageBytes - 1)).rejects.toMatchObject({
      code: 'image_too_large',
      disposition: 'rejected',
    });
  });

  it('refuses hopeless images before a key is made or wrapped', async () => {
    const wrapper = watchingWrapper();
    const image = Buffer.alloc(90_000);
    const sealer = encSealer(wrapper, { maxEncodedBytes: leastEncodedLength(image.length) - 1 });
    await expect(sealer.seal(image, 'front', {})).rejects.toThrow('image_too_large');
    expect(wrapper.keys).toEqual([]);
  });
});
