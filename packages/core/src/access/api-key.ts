/**
 * API keys: `csk_{env}_{tenant}.{id}_{secret}{checksum}`. The checksum lets a secret scanner recognise a key, and
 * finds a typing error, without a look-up. The ledger stores a hash of the secret; its 256 random bits need no key
 * stretching.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Clock } from '@cardseal/base/clock';
import { type KeyLimits, type Ledger, type Scope, SYSTEM_TENANT } from '../ledger/index.ts';

const SHAPE = /^csk_[a-z]+_([a-z0-9-]{1,40})\.([a-z0-9]{12})_([A-Za-z0-9_-]{43})([0-9a-f]{8})$/;

export interface ParsedApiKey {
  tenant: string;
  id: string;
  secret: string;
}

/** null for anything but a well-formed key, checksum included. */
export function parseApiKey(text: string): ParsedApiKey | null {
  const match = SHAPE.exec(text);
  if (!match) return null;
  const [, tenant, id, secret, checksum] = match as unknown as [string, string, string, string, string];
  return checksumOf(text.slice(0, -8)) === checksum && tenant !== SYSTEM_TENANT ? { tenant, id, secret } : null;
}

/** Creates a key, writes its hash to the ledger and returns the only copy of the full key. */
export async function createApiKey(
  ledger: Ledger,
  clock: Clock,
  {
    tenant,
    env,
    scopes,
    expiresAtMs = null,
    limits,
  }: { tenant: string; env: string; scopes: Scope[]; expiresAtMs?: number | null; limits?: KeyLimits | undefined },
): Promise<{ id: string; key: string }> {
  const id = randomBytes(6).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  const body = `csk_${env}_${tenant}.${id}_${secret}`;
  await ledger.tenants.apiKeys.create(tenant, id, {
    secretSha256: sha256(secret).toString('hex'),
    scopes,
    ...(limits ? { limits } : {}),
    createdAtMs: clock.now(),
    expiresAtMs,
    revokedAtMs: null,
  });
  return { id, key: body + checksumOf(body) };
}

/** Takes constant time in the secret. */
export function secretMatches(secret: string, secretSha256: string): boolean {
  return timingSafeEqual(sha256(secret), Buffer.from(secretSha256, 'hex'));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
