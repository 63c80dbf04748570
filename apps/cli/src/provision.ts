/** `tenant create`, `key create`, `admin create`: with the ledger's own environment; nothing else has to run. */
import { createAdmin, createApiKey, createTenant } from '@cardseal/core/access';
import { systemClock } from '@cardseal/core/clock';
import { commonEnvironment, type Env, readEnvironment, storeEnvironment } from '@cardseal/core/config';
import { RejectedError } from '@cardseal/core/errors';
import {
  type AdminRecord,
  HOUSE,
  type KeyLimits,
  type Ledger,
  openLedger,
  openMasterKey,
  SCOPES,
  type Scope,
} from '@cardseal/core/ledger';
import { z } from 'zod';

const schema = z.object({ ...storeEnvironment, CARDSEAL_ENV: commonEnvironment.CARDSEAL_ENV });

/** The ledger by its own environment (contract §4). */
export function openLedgerOf(env: Env): { ledger: Ledger; environment: string } {
  const settings = readEnvironment(schema, env);
  return { ledger: openLedger(settings, openMasterKey(settings), systemClock), environment: settings.CARDSEAL_ENV };
}

export async function createTenantCommand(env: Env, id: string, options: { name?: string; json?: boolean }) {
  await createTenant(openLedgerOf(env).ledger, systemClock, id, options.name ?? id);
  print(options.json ? { tenant: id } : `tenant ${id} created`);
}

export async function createKeyCommand(
  env: Env,
  tenant: string,
  options: KeyLimits & { scope?: Scope[]; expiresInDays?: number; json?: boolean },
) {
  const { ledger, environment } = openLedgerOf(env);
  if (!(await ledger.tenants.get(HOUSE, tenant))) throw new RejectedError('tenant_not_found');
  const days = options.expiresInDays;
  if (days !== undefined && !(days > 0)) throw new RejectedError('expires_in_days_invalid');
  const expiresAtMs = days === undefined ? null : systemClock.now() + days * 86_400_000;
  const keyEnv = environment === 'production' ? 'live' : environment;
  const scopes = options.scope ?? [...SCOPES];
  const { requestsPerSecond, concurrency, inQueue, cardsPerDay } = options;
  const given = Object.entries({ requestsPerSecond, concurrency, inQueue, cardsPerDay }).filter(([, limit]) => limit);
  const limits = given.length > 0 ? (Object.fromEntries(given) as KeyLimits) : undefined;
  const made = await createApiKey(ledger, systemClock, { tenant, env: keyEnv, scopes, expiresAtMs, limits });
  print(options.json ? { id: made.id, key: made.key, scopes } : made.key);
}

export async function createAdminCommand(env: Env, user: string, options: { role: AdminRecord['role'] }) {
  if (process.stdin.isTTY) process.stderr.write('password (at least 12 characters, then Enter): ');
  const password = await firstLineOfStdin();
  await createAdmin(openLedgerOf(env).ledger, systemClock, { user, password, role: options.role });
  print(`operator ${user} created`);
}

async function firstLineOfStdin(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += chunk;
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] ?? '';
}

function print(data: object | string): void {
  process.stdout.write(`${typeof data === 'string' ? data : JSON.stringify(data)}\n`);
}
