/** The signed URL of an upload: it contains the tenant, the type, the size and the expiry, and needs no API key. */
import { timingSafeEqual } from 'node:crypto';
import { isUploadId, type Ledger, type UploadId } from '@cardseal/core/ledger';
import type { IsTenant } from './known-tenants.ts';

export interface UploadClaims {
  tenant: string;
  id: UploadId;
  contentType: string;
  sizeBytes: number;
  expiresAtMs: number;
}

export async function signedPath(ledger: Ledger, claims: UploadClaims): Promise<string> {
  const query = new URLSearchParams({
    type: claims.contentType,
    size: String(claims.sizeBytes),
    expires: String(claims.expiresAtMs),
    signature: await ledger.intake.uploads.sign(claims.tenant, textOf(claims)),
  });
  return `/v1/uploads/${claims.tenant}.${claims.id}?${query}`;
}

/** null for anything that this installation did not sign. */
export async function verifiedClaims(
  ledger: Ledger,
  isTenant: IsTenant,
  name: string,
  query: unknown,
): Promise<UploadClaims | null> {
  const [tenant = '', id = ''] = name.split('.');
  const { type, size, expires, signature } = query as Record<string, unknown>;
  if (!/^[a-z0-9][a-z0-9-]{1,39}$/.test(tenant) || !isUploadId(id)) return null;
  if (typeof type !== 'string' || !isDigits(size) || !isDigits(expires)) return null;
  if (typeof signature !== 'string' || !/^[0-9a-f]{64}$/.test(signature)) return null;
  if (!(await isTenant(tenant))) return null;
  const claims = { tenant, id, contentType: type, sizeBytes: Number(size), expiresAtMs: Number(expires) };
  const expected = await ledger.intake.uploads.sign(tenant, textOf(claims));
  return timingSafeEqual(Buffer.from(expected), Buffer.from(signature)) ? claims : null;
}

function isDigits(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,15}$/.test(value);
}

function textOf({ tenant, id, contentType, sizeBytes, expiresAtMs }: UploadClaims): string {
  return JSON.stringify([tenant, id, contentType, sizeBytes, expiresAtMs]);
}
