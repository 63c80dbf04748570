/** References come from customers and may be personal data: names in the ledger contain an HMAC of them. */
import { createHmac } from 'node:crypto';
import type { Keyring } from '@cardseal/sealing';

/** 32 hex digits, keyed by the tenant; `-` for no reference. */
export async function referenceMac(keyring: Keyring, tenant: string, reference: string | null): Promise<string> {
  if (reference === null) return '-';
  const mac = (key: Buffer) => createHmac('sha256', key).update(`reference:${reference}`).digest('hex').slice(0, 32);
  return keyring.withLookupKey(tenant, mac);
}
