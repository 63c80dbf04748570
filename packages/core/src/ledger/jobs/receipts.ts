/**
 * Erasure receipts: a signed statement of what was deleted and when (a JWS with Ed25519). Anyone with the public key
 * can verify it. The signing key is derived from the system tenant's key, so that no further key must be stored.
 */
import { createPrivateKey, createPublicKey, hkdfSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import type { Keyring } from '@cardseal/sealing';
import type { JobId } from '../../job/index.ts';
import { SYSTEM_TENANT } from '../paths.ts';
import type { ErasureRecord, Tombstone } from './erasures.ts';

/** PKCS #8 around a raw Ed25519 seed (RFC 8410). */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

export interface Receipts {
  /** A compact JWS with `alg: EdDSA`. */
  issue(tenant: string, job: JobId, tombstone: Tombstone, record: ErasureRecord): Promise<string>;
  /** The key that verifies receipts. */
  publicKey(): Promise<JsonWebKey>;
}

export function createReceipts(keyring: Keyring): Receipts {
  async function signingKey(): Promise<KeyObject> {
    const seed = await keyring.withLookupKey(SYSTEM_TENANT, (key) =>
      hkdfSync('sha256', key, '', 'cardseal erasure receipts v1', 32),
    );
    return createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, Buffer.from(seed)]), format: 'der', type: 'pkcs8' });
  }
  return {
    async issue(tenant, job, tombstone, record) {
      const head = encode({ alg: 'EdDSA', typ: 'cardseal-erasure+jws' });
      const body = encode({
        statement: 'erased',
        tenant,
        job,
        reason: tombstone.reason,
        created_at: iso(tombstone.createdAtMs),
        erased_at: iso(tombstone.erasedAtMs),
        completed_at: iso(record.completedAtMs),
        removed: record.removed,
      });
      const signature = sign(null, Buffer.from(`${head}.${body}`), await signingKey());
      return `${head}.${body}.${signature.toString('base64url')}`;
    },
    publicKey: async () => createPublicKey(await signingKey()).export({ format: 'jwk' }),
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
