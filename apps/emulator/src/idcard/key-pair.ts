// The RSA key that stands in for the provider's white-box tool: made once, kept in the data folder so that a restart still opens what clients wrap.
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface KeyPair {
  /** PKCS#8, PEM. */
  privatePem: string;
  /** SPKI, PEM. */
  publicPem: string;
  /** Derived from the key: signs access tokens, so that they outlive a restart too. */
  tokenSecret: Buffer;
}

const FILE = 'emulator-rsa.pem';
const MODULUS_BITS = 2048;

/** @param dataDir folder of the key file (mode 0600); without it the key lives as long as the emulator */
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
