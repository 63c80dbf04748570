/** `tenant create` and `key create`: write directly to the ledger. No other process has to run. */

import { systemClock } from '@cardseal/base/clock';
import { RejectedError } from '@cardseal/base/errors';
import { checkTenantId, createApiKey, createTenant } from '@cardseal/core/access';
import { commonEnvironment, type Env, readEnvironment, storeEnvironment } from '@cardseal/core/config';
import {
  type KeyLimits,
  type Ledger,
  openLedger,
  openMasterKey,
  SCOPES,
  type Scope,
  SYSTEM_TENANT,
} from '@cardseal/core/ledger';
import { fileProblems, relationProblems } from '@cardseal/core/preflight';
import { z } from 'zod';
import { audited } from './audited.ts';

const schema = z.object({
  ...storeEnvironment,
  CARDSEAL_ENV: commonEnvironment.CARDSEAL_ENV,
  ALLOW_PLAINTEXT: commonEnvironment.ALLOW_PLAINTEXT,
});

/** Opens the ledger from the settings of the store and the key service. */
export function openLedgerOf(env: Env): { ledger: Ledger; environment: string } {
  const settings = readEnvironment(schema, env, [relationProblems, fileProblems]);
  return { ledger: openLedger(settings, openMasterKey(settings), systemClock), environment: settings.CARDSEAL_ENV };
}

export async function createTenantCommand(env: Env, id: string, options: { name?: string; json?: boolean }) {
  checkTenantId(id);
  const { ledger } = openLedgerOf(env);
  if (await ledger.tenants.records.get(SYSTEM_TENANT, id))
    throw new RejectedError('tenant_exists', { fields: { tenant: id } });
  const entry = { action: 'tenant.create', target: { tenant: id }, reason: null } as const;
  await audited(ledger, entry, () => createTenant(ledger, systemClock, id, options.name ?? id));
  print(options.json ? { tenant: id } : `tenant ${id} created`);
}

export async function createKeyCommand(
  env: Env,
  tenant: string,
  options: KeyLimits & { scope?: Scope[]; expiresInDays?: number; json?: boolean },
) {
  const { ledger, environment } = openLedgerOf(env);
  if (!(await ledger.tenants.records.get(SYSTEM_TENANT, tenant))) throw new RejectedError('tenant_not_found');
  const days = options.expiresInDays;
  if (days !== undefined && !(days > 0)) throw new RejectedError('expires_in_days_invalid');
  const expiresAtMs = days === undefined ? null : systemClock.now() + days * 86_400_000;
  const keyEnv = environment === 'production' ? 'live' : environment;
  const scopes = options.scope ?? [...SCOPES];
  const { requestsPerSecond, concurrency, inQueue, cardsPerDay } = options;
  const given = Object.entries({ requestsPerSecond, concurrency, inQueue, cardsPerDay }).filter(([, limit]) => limit);
  const limits = given.length > 0 ? (Object.fromEntries(given) as KeyLimits) : undefined;
  const detail = { scopes: scopes.join(' '), expires_in_days: days ?? null };
  const entry = { action: 'key.create', target: { tenant }, reason: null, detail } as const;
  const made = await audited(ledger, entry, () =>
    createApiKey(ledger, systemClock, { tenant, env: keyEnv, scopes, expiresAtMs, limits }),
  );
  print(options.json ? { id: made.id, key: made.key, scopes } : made.key);
}

function print(data: object | string): void {
  process.stdout.write(`${typeof data === 'string' ? data : JSON.stringify(data)}\n`);
}
