/**
 * Creates the first tenant, API key and admin of a development stack directly in the ledger, once per data folder. The
 * key exists in plain text only in a file that only its owner can read.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '@cardseal/base/clock';
import { createAdmin, createApiKey, createTenant, parseApiKey } from '@cardseal/core/access';
import { readEnvironment, storeEnvironment } from '@cardseal/core/config';
import { type Ledger, openLedger, openMasterKey, SCOPES } from '@cardseal/core/ledger';
import { z } from 'zod';
import { writeFileAtomic } from './secrets.ts';
import type { Provision, Provisioned } from './stack-options.ts';

const TENANT = 'dev';

export const provision: Provision = async ({ env, dataDir }) => {
  const file = path.join(dataDir, 'provisioned.json');
  const settings = readEnvironment(z.object(storeEnvironment), env);
  const credentials = {
    accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
  };
  const ledger = openLedger(settings, openMasterKey(settings, credentials), systemClock, credentials);
  if (existsSync(file)) {
    const made = JSON.parse(readFileSync(file, 'utf8')) as Provisioned;
    await grantAllScopes(ledger, made.apiKey);
    return made;
  }
  const admin = { user: `admin-${randomBytes(3).toString('hex')}`, password: randomBytes(12).toString('base64url') };
  await createTenant(ledger, systemClock, TENANT, 'Development').catch(unlessExists);
  await createAdmin(ledger, systemClock, { ...admin, role: 'owner' });
  const { key } = await createApiKey(ledger, systemClock, { tenant: TENANT, env: 'dev', scopes: [...SCOPES] });
  const made: Provisioned = { tenant: TENANT, apiKey: key, admin };
  writeFileAtomic(file, JSON.stringify(made, null, 2));
  return made;
};

/** The development key gets every scope, also scopes that were added after the data folder was made. */
export async function grantAllScopes(ledger: Pick<Ledger, 'tenants'>, apiKey: string): Promise<void> {
  const parsed = parseApiKey(apiKey);
  const record = parsed && (await ledger.tenants.apiKeys.get(parsed.tenant, parsed.id));
  if (!record || SCOPES.every((scope) => record.value.scopes.includes(scope))) return;
  await ledger.tenants.apiKeys.change(parsed.tenant, parsed.id, (value) => ({ ...value, scopes: [...SCOPES] }));
}

/** A start that crashed before it wrote the file has left the tenant. It then gets a new key and a new admin. */
function unlessExists(error: unknown): void {
  if ((error as { code?: string }).code !== 'tenant_exists') throw error;
}
