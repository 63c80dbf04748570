/**
 * Detects data that was sealed with a key that is missing. A bucket of keys that is empty, or is not the one used
 * before, must stop the process: with a new key every derived name would change, and no object would open.
 */

import { type ObjectStore, scan } from '@cardseal/object-store';
import { ConfigurationError } from '../config/index.ts';
import { paths, SYSTEM_TENANT } from './paths.ts';

/**
 * Folders in which a name exists only after the tenant's key was used. Not `jobs/` and `batches/`: a sweep writes the
 * word `withdrawn` there for a submission that ended before it created the first key. A job's own key proves the use.
 */
function sealedFolders(tenant: string): string[] {
  const records = ['endpoints', 'api-keys', 'tenants', 'admins', 'ended-sessions', 'bulk-retries'] as const;
  return [
    ...records.map((kind) => paths.records(kind, tenant)),
    `notices/${tenant}/`,
    `idempotency/${tenant}/`,
    ...(tenant === SYSTEM_TENANT ? ['audit/'] : []),
  ];
}

/** @param keyStore its job keys are wrapped with the tenant's key. */
export async function hasSealed(
  store: Pick<ObjectStore, 'list'>,
  keyStore: Pick<ObjectStore, 'list'>,
  tenant: string,
): Promise<boolean> {
  const folders = sealedFolders(tenant).map((folder) => hasName(store, folder));
  return (await Promise.all([hasName(keyStore, paths.keysOf(tenant)), ...folders])).includes(true);
}

/**
 * Throws ConfigurationError when the bucket of keys has no key of the installation itself although the bucket of data
 * has records. It checks `tenants/` only, because these records are sealed with that key.
 */
export async function assertKeysKept(
  store: Pick<ObjectStore, 'list'>,
  keyStore: Pick<ObjectStore, 'list'>,
): Promise<void> {
  if (await hasName(keyStore, paths.tenantKey(SYSTEM_TENANT))) return;
  const hasAnyKey = await hasName(keyStore, paths.allKeys);
  const isUsed = (await hasSealed(store, keyStore, SYSTEM_TENANT)) || (!hasAnyKey && (await hasName(store, 'jobs/')));
  if (!isUsed) return;
  // Another process that starts now may just have created the first key.
  if (await hasName(keyStore, paths.tenantKey(SYSTEM_TENANT))) return;
  const found = hasAnyKey ? 'lacks the key of the installation' : 'holds no keys';
  throw new ConfigurationError([
    `S3_KEYS_BUCKET: the bucket ${found}, but S3_BUCKET holds records that were sealed with keys. Set S3_KEYS_BUCKET to the bucket that holds them, or restore them. New keys would not open what is there`,
  ]);
}

async function hasName(store: Pick<ObjectStore, 'list'>, prefix: string): Promise<boolean> {
  for await (const _name of scan(store, prefix)) return true;
  return false;
}
