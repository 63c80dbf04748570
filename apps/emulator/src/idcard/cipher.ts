// The encryption of both endpoints: decrypts the client's image and encrypts the reply with the same key.
import { constants, createCipheriv, createDecipheriv, type KeyObject, privateDecrypt, randomBytes } from 'node:crypto';
import type { CipherSuite } from '../config.ts';

const TAG_BYTES = 16;

/** The AES key in `enc_aes_key` (base64 of RSA-OAEP with SHA-256 over 16 or 32 raw bytes); undefined if it cannot be decrypted. */
export function unwrapKey(encAesKey: string, privateKey: KeyObject): Buffer | undefined {
  const wrapped = Buffer.from(encAesKey, 'base64');
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  try {
    const key = privateDecrypt({ key: privateKey, oaepHash: 'sha256', padding }, wrapped);
    return key.length === 16 || key.length === 32 ? key : undefined;
  } catch {
    return undefined;
  }
}

/** The key from the provider's console. Each hexadecimal character means one byte from 0 to 15. */
export function consoleKey(aesKey: string): Buffer {
  return Buffer.from([...aesKey].map((char) => Number.parseInt(char, 16)));
}

export function encipher(plain: Buffer, key: Buffer, suite: CipherSuite): Buffer {
  const iv = suite.iv === 'random-prefix' ? randomBytes(ivBytes(suite)) : Buffer.alloc(ivBytes(suite));
  const prefix = suite.iv === 'random-prefix' ? iv : Buffer.alloc(0);
  if (suite.mode === 'gcm') {
    const cipher = createCipheriv(key.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm', key, iv);
    return Buffer.concat([prefix, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }
  const cipher = createCipheriv(`aes-${key.length * 8}-${suite.mode}`, key, suite.mode === 'ecb' ? null : iv);
  return Buffer.concat([prefix, cipher.update(plain), cipher.final()]);
}

/** The plaintext; undefined if key, padding or tag do not match. */
export function decipher(sealed: Buffer, key: Buffer, suite: CipherSuite): Buffer | undefined {
  const prefixBytes = suite.iv === 'random-prefix' ? ivBytes(suite) : 0;
  const iv = prefixBytes > 0 ? sealed.subarray(0, prefixBytes) : Buffer.alloc(ivBytes(suite));
  const body = sealed.subarray(prefixBytes);
  try {
    if (suite.mode === 'gcm') {
      const opener = createDecipheriv(key.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm', key, iv);
      opener.setAuthTag(body.subarray(body.length - TAG_BYTES));
      return Buffer.concat([opener.update(body.subarray(0, body.length - TAG_BYTES)), opener.final()]);
    }
    const opener = createDecipheriv(`aes-${key.length * 8}-${suite.mode}`, key, suite.mode === 'ecb' ? null : iv);
    return Buffer.concat([opener.update(body), opener.final()]);
  } catch {
    return undefined;
  }
}

function ivBytes(suite: CipherSuite): number {
  return suite.mode === 'gcm' ? 12 : 16;
}
