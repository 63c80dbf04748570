// The RSA key pair that replaces the provider's white-box tool. It is created once and kept in the data folder, so that a restarted
// emulator still decrypts the keys that clients wrap.
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface KeyPair {
  /** PKCS#8, PEM. */
  privatePem: string;
  /** SPKI, PEM. */
  publicPem: string;
  /** Signs access tokens. It is derived from the key, so that tokens stay valid after a restart. */
  tokenSecret: Buffer;
}

const FILE = 'emulator-rsa.pem';
const MODULUS_BITS = 2048;

/** @param dataDir folder of the key file (mode 0600); without it the key exists only in memory */
export function loadKeyPair(dataDir: string | undefined): KeyPair {
  const pem = dataDir === undefined ? newPem() : (readPem(dataDir) ?? writePem(dataDir, newPem()));
  return {
    privatePem: pem,
    publicPem: createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString(),
    tokenSecret: createHash('sha256').update('access tokens of the emulator\n').update(pem).digest(),
  };
}

function newPem(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: MODULUS_BITS });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function readPem(dataDir: string): string | undefined {
  try {
    return readFileSync(join(dataDir, FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function writePem(dataDir: string, pem: string): string {
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(join(dataDir, FILE), pem, { mode: 0o600, flag: 'wx' });
  return pem;
}
