import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { TransientError } from '@cardseal/base/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CipherSuite,
  checkCipherSuite,
  DEFAULT_CIPHER_SUITE,
  decrypt,
  encrypt,
  parseCipherSuite,
} from './cipher-suite.ts';

const SUITES: CipherSuite[] = ([128, 256] as const).flatMap((keyBits) => [
  { keyBits, mode: 'ecb', iv: 'none', replyField: 'result' },
  ...(['cbc', 'gcm'] as const).flatMap((mode) =>
    (['zero', 'random-prefix'] as const).map((iv): CipherSuite => ({ keyBits, mode, iv, replyField: 'result' })),
  ),
]);
const nameOf = (suite: CipherSuite) => `aes-${suite.keyBits}-${suite.mode}/${suite.iv}`;

/** Compares with the command line of OpenSSL. Without it the test fails, on purpose. */
function openssl(args: string[], input: Uint8Array): Buffer {
  try {
    return execFileSync('openssl', ['enc', ...args], { input, stdio: ['pipe', 'pipe', 'pipe'] });
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT')
      throw new Error('the program `openssl` is needed for this test');
    throw error;
  }
}

describe('cipher suites', () => {
  it.each(SUITES.map((suite) => [nameOf(suite), suite] as const))('%s opens what it sealed', (_, suite) => {
    const key = randomBytes(suite.keyBits / 8);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (plain) => {
        expect(decrypt(suite, key, encrypt(suite, key, plain))).toEqual(Buffer.from(plain));
      }),
    );
  });

  it.each(SUITES.filter((suite) => suite.mode !== 'gcm').map((suite) => [nameOf(suite), suite] as const))(
    '%s agrees with the openssl command line both ways',
    (_, suite) => {
      const key = randomBytes(suite.keyBits / 8);
      const plain = randomBytes(10_007);
      const sealed = encrypt(suite, key, plain);
      const ivBytes = suite.iv === 'random-prefix' ? 16 : 0;
      const iv = ivBytes ? sealed.subarray(0, ivBytes) : Buffer.alloc(16);
      const base = [`-aes-${suite.keyBits}-${suite.mode}`, '-K', key.toString('hex')];
      const args = suite.mode === 'ecb' ? base : [...base, '-iv', iv.toString('hex')];
      expect(openssl(['-d', ...args], sealed.subarray(ivBytes))).toEqual(plain);
      const theirs = Buffer.concat([sealed.subarray(0, ivBytes), openssl(['-e', ...args], plain)]);
      expect(theirs).toEqual(sealed);
    },
  );

  it.each(SUITES.filter((suite) => suite.mode === 'gcm').map((suite) => [nameOf(suite), suite] as const))(
    '%s equals counter mode from 2 of the openssl command line, which has no GCM',
    (_, suite) => {
      const key = randomBytes(suite.keyBits / 8);
      const plain = randomBytes(10_007);
      const sealed = encrypt(suite, key, plain);
      const ivBytes = suite.iv === 'random-prefix' ? 12 : 0;
      const nonce = ivBytes ? sealed.subarray(0, ivBytes) : Buffer.alloc(12);
      const counter = Buffer.concat([nonce, Buffer.of(0, 0, 0, 2)]).toString('hex');
      const args = ['-d', `-aes-${suite.keyBits}-ctr`, '-K', key.toString('hex'), '-iv', counter];
      expect(openssl(args, sealed.subarray(ivBytes, sealed.length - 16))).toEqual(plain);
    },
  );

  it('matches the test vector of the GCM specification (test case 2: zero key, zero IV, zero block)', () => {
    const suite: CipherSuite = { keyBits: 128, mode: 'gcm', iv: 'zero', replyField: 'result' };
    const sealed = encrypt(suite, Buffer.alloc(16), Buffer.alloc(16));
    expect(sealed.toString('hex')).toBe('0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf');
  });

  it.each(SUITES.map((suite) => [nameOf(suite), suite] as const))('%s refuses what is cut or empty', (_, suite) => {
    const key = randomBytes(suite.keyBits / 8);
    const sealed = encrypt(suite, key, randomBytes(100));
    for (const bad of [Buffer.alloc(0), sealed.subarray(0, 5), sealed.subarray(0, sealed.length - 17)]) {
      expect(() => decrypt(suite, key, bad)).toThrow(TransientError);
    }
  });

  it('refuses a changed byte and a shortened tag under gcm', () => {
    const suite: CipherSuite = { keyBits: 256, mode: 'gcm', iv: 'random-prefix', replyField: 'result' };
    const key = randomBytes(32);
    const sealed = encrypt(suite, key, Buffer.from('abc'));
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at]! ^= 1;
      expect(() => decrypt(suite, key, changed)).toThrow('upstream_reply_undecryptable');
    }
    expect(() => decrypt(suite, key, sealed.subarray(0, sealed.length - 12))).toThrow('upstream_reply_undecryptable');
  });

  it('marks what cannot be decrypted as class crypto', () => {
    const error = thrownBy(() => decrypt(DEFAULT_CIPHER_SUITE, randomBytes(16), Buffer.alloc(15)));
    expect(error).toMatchObject({ code: 'upstream_reply_undecryptable', fields: { upstreamClass: 'crypto' } });
  });

  it('refuses suites that contradict themselves, and keys of another size', () => {
    expect(() => checkCipherSuite({ ...DEFAULT_CIPHER_SUITE, iv: 'zero' })).toThrow('cipher_suite_invalid');
    expect(() => checkCipherSuite({ ...DEFAULT_CIPHER_SUITE, mode: 'cbc' })).toThrow('cipher_suite_invalid');
    expect(() => encrypt(DEFAULT_CIPHER_SUITE, randomBytes(32), Buffer.alloc(1))).toThrow('cipher_key_size');
  });

  it('is read from a setting, or refused', () => {
    expect(parseCipherSuite('aes-128-ecb', 'result')).toEqual(DEFAULT_CIPHER_SUITE);
    expect(parseCipherSuite('aes-256-gcm:random-prefix', 'data')).toEqual({
      keyBits: 256,
      mode: 'gcm',
      iv: 'random-prefix',
      replyField: 'data',
    });
    for (const text of ['aes-192-ecb', 'aes-128-cbc', 'aes-128-ecb:zero', 'AES-128-ECB', '']) {
      expect(() => parseCipherSuite(text, 'result')).toThrow('cipher_suite_invalid');
    }
  });
});

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
