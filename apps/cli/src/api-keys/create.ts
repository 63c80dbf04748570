/** `key create`: creates an API key directly in the ledger and prints its secret once. */
import { systemClock } from '@cardseal/base/clock';
import { RejectedError } from '@cardseal/base/errors';
import { createApiKey } from '@cardseal/core/access';
import type { Env } from '@cardseal/core/config';
import { type KeyLimits, SCOPES, type Scope, SYSTEM_TENANT } from '@cardseal/core/ledger';
import { audited } from '../support/audited.ts';
import { openLedgerOf } from '../support/open-ledger.ts';
import { type Output, printJson } from '../support/print.ts';

const DAY_MS = 86_400_000;

interface CreateKeyOptions extends KeyLimits, Output {
  scope?: Scope[];
  expiresInDays?: number;
}

/** Throws RejectedError `tenant_not_found` or `expires_in_days_invalid`. */
export async function createKeyCommand(env: Env, tenant: string, options: CreateKeyOptions): Promise<void> {
  const { ledger, environment } = openLedgerOf(env);
  if (!(await ledger.tenants.records.get(SYSTEM_TENANT, tenant))) throw new RejectedError('tenant_not_found');
  const days = options.expiresInDays;
  if (days !== undefined && !(days > 0)) throw new RejectedError('expires_in_days_invalid');
  const expiresAtMs = days === undefined ? null : systemClock.now() + days * DAY_MS;
  const keyEnv = environment === 'production' ? 'live' : environment;
  const scopes = options.scope ?? [...SCOPES];
  const limits = limitsOf(options);
  const detail = { scopes: scopes.join(' '), expires_in_days: days ?? null };
  const entry = { action: 'key.create', target: { tenant }, reason: null, detail } as const;
  const created = await audited(ledger, entry, () =>
    createApiKey(ledger, systemClock, { tenant, env: keyEnv, scopes, expiresAtMs, limits }),
  );
  if (options.json) printJson({ id: created.id, key: created.key, scopes });
  else process.stdout.write(`${created.key}\n`);
}

function limitsOf({ requestsPerSecond, concurrency, inQueue, cardsPerDay }: KeyLimits): KeyLimits | undefined {
  const given = Object.entries({ requestsPerSecond, concurrency, inQueue, cardsPerDay }).filter(([, limit]) => limit);
  return given.length > 0 ? (Object.fromEntries(given) as KeyLimits) : undefined;
}
