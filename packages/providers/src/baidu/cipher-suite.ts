/**
 * How an image and its reply are encrypted with one AES key. The mode for `idcard_enc` is not public, so it is a
 * setting and never a constant. This file must not keep a key longer than needed.
 */
import { type CipherGCM, createCipheriv, createDecipheriv, type DecipherGCM, randomBytes } from 'node:crypto';
import { DefectError, TransientError } from '@cardseal/base/errors';

export interface CipherSuite {
  readonly keyBits: 128 | 256;
  readonly mode: 'ecb' | 'cbc' | 'gcm';
  /** `random-prefix`: a fresh IV in the clear before the ciphertext; `zero`: all zero bytes; `none`: ECB only. */
  readonly iv: 'none' | 'zero' | 'random-prefix';
  /** The member of the reply envelope with the encrypted reply, base64. */
  readonly replyField: string;
}

/** The public sibling's profile: AES-128-ECB, PKCS#7, raw bytes. [I] for `idcard_enc`. */
export const DEFAULT_CIPHER_SUITE: CipherSuite = Object.freeze({
  keyBits: 128,
  mode: 'ecb',
  iv: 'none',
  replyField: 'result',
});

const TAG_BYTES = 16;

/** @throws DefectError `cipher_suite_invalid` when the parts contradict each other. */
export function checkCipherSuite(suite: CipherSuite): CipherSuite {
  const needsIv = suite.mode !== 'ecb';
  const known = [128, 256].includes(suite.keyBits) && ['ecb', 'cbc', 'gcm'].includes(suite.mode);
  const ivKnown = needsIv ? ['zero', 'random-prefix'].includes(suite.iv) : suite.iv === 'none';
  if (!known || !ivKnown || suite.replyField === '') throw new DefectError('cipher_suite_invalid');
  return suite;
}

/**
 * Reads `aes-<128|256>-<ecb|cbc|gcm>`, for modes with an IV followed by `:zero` or `:random-prefix`.
 * @throws DefectError `cipher_suite_invalid`.
 */
export function parseCipherSuite(text: string, replyField: string): CipherSuite {
  const match = /^aes-(128|256)-(ecb|cbc|gcm)(?::(zero|random-prefix))?$/.exec(text);
  if (!match) throw new DefectError('cipher_suite_invalid');
  const [, keyBits, mode, iv = 'none'] = match;
  return checkCipherSuite({ keyBits: Number(keyBits), mode, iv, replyField } as CipherSuite);
}

export interface Encryptor {
  /** What precedes the ciphertext in the clear: the IV, or nothing. */
  readonly prefix: Buffer;
  update(plain: Uint8Array): Buffer;
  /** The last block, followed by GCM's tag. */
  final(): Buffer;
}

/** Encrypts in pieces, so that memory never holds a second whole copy of an image. */
export function createEncryptor(suite: CipherSuite, key: Buffer): Encryptor {
  checkKey(suite, key);
  const iv = newIv(suite);
  const cipher = cipherFor(suite, key, iv);
  return {
    prefix: suite.iv === 'random-prefix' ? iv! : Buffer.alloc(0),
    update: (plain) => cipher.update(plain),
    final: () =>
      suite.mode === 'gcm' ? Buffer.concat([cipher.final(), (cipher as CipherGCM).getAuthTag()]) : cipher.final(),
  };
}

export function encrypt(suite: CipherSuite, key: Buffer, plain: Uint8Array): Buffer {
  const encryptor = createEncryptor(suite, key);
  return Buffer.concat([encryptor.prefix, encryptor.update(plain), encryptor.final()]);
}

/** @throws TransientError `upstream_reply_undecryptable`: another key, or a truncated or changed ciphertext. */
export function decrypt(suite: CipherSuite, key: Buffer, sealed: Uint8Array): Buffer {
  checkKey(suite, key);
  try {
    const ivBytes = suite.iv === 'random-prefix' ? ivSize(suite) : 0;
    const tagBytes = suite.mode === 'gcm' ? TAG_BYTES : 0;
    if (sealed.length < ivBytes + tagBytes || (tagBytes === 0 && sealed.length === ivBytes)) throw undecryptable();
    const iv = ivBytes > 0 ? sealed.subarray(0, ivBytes) : zeroIv(suite);
    const decipher = decipherFor(suite, key, iv);
    if (tagBytes > 0) (decipher as DecipherGCM).setAuthTag(sealed.subarray(sealed.length - tagBytes));
    const head = decipher.update(sealed.subarray(ivBytes, sealed.length - tagBytes));
    const tail = decipher.final();
    return tail.length === 0 ? head : Buffer.concat([head, tail]);
  } catch (cause) {
    throw cause instanceof TransientError ? cause : undecryptable(cause);
  }
}

/** The one error for every reply that cannot be decrypted or read; the call was billed. */
export function undecryptable(cause?: unknown): TransientError {
  return new TransientError('upstream_reply_undecryptable', {
    cause,
    fields: { upstreamClass: 'crypto', billed: 'yes' },
  });
}

function checkKey(suite: CipherSuite, key: Buffer): void {
  if (key.length * 8 !== suite.keyBits)
    throw new DefectError('cipher_key_size', { fields: { keyBits: suite.keyBits } });
}

const ivSize = (suite: CipherSuite) => (suite.mode === 'gcm' ? 12 : 16);
const zeroIv = (suite: CipherSuite) => (suite.mode === 'ecb' ? null : Buffer.alloc(ivSize(suite)));
const newIv = (suite: CipherSuite) => (suite.iv === 'random-prefix' ? randomBytes(ivSize(suite)) : zeroIv(suite));

function cipherFor({ keyBits, mode }: CipherSuite, key: Buffer, iv: Uint8Array | null) {
  return mode === 'gcm'
    ? createCipheriv(`aes-${keyBits}-gcm`, key, iv!, { authTagLength: TAG_BYTES })
    : createCipheriv(`aes-${keyBits}-${mode}`, key, iv);
}

function decipherFor({ keyBits, mode }: CipherSuite, key: Buffer, iv: Uint8Array | null) {
  return mode === 'gcm'
    ? createDecipheriv(`aes-${keyBits}-gcm`, key, iv!, { authTagLength: TAG_BYTES })
    : createDecipheriv(`aes-${keyBits}-${mode}`, key, iv);
}
