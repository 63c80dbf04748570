/** `key list|set|usage|revoke`: reads and changes API keys directly in the ledger. */
import { systemClock } from '@cardseal/base/clock';
import { RejectedError } from '@cardseal/base/errors';
import type { Env } from '@cardseal/core/config';
import { type ApiKeyRecord, type KeyLimits, type Ledger, type Scope, usageDay } from '@cardseal/core/ledger';
import { audited } from '../support/audited.ts';
import { openLedgerOf } from '../support/open-ledger.ts';
import { type Output, printJson, printTable } from '../support/print.ts';

export async function listKeysCommand(env: Env, tenant: string, { json }: Output): Promise<void> {
  const { ledger } = openLedgerOf(env);
  const keys = (await ledger.tenants.apiKeys.list(tenant)).map(({ id, value }) => ({
    id,
    scopes: value.scopes,
    limits: value.limits ?? {},
    created_at: iso(value.createdAtMs),
    expires_at: value.expiresAtMs === null ? null : iso(value.expiresAtMs),
    revoked_at: value.revokedAtMs === null ? null : iso(value.revokedAtMs),
  }));
  if (json) {
    for (const key of keys) printJson(key);
    return;
  }
  const rows = keys.map((key) => [
    key.id,
    stateOf(key, systemClock.now()),
    key.created_at,
    key.expires_at ?? 'never',
    limitsOf(key.limits),
    key.scopes.join(' '),
  ]);
  printTable(['key', 'state', 'created', 'expires', 'limits', 'scopes'], rows);
}

export function stateOf(
  { revoked_at, expires_at }: { revoked_at: string | null; expires_at: string | null },
  nowMs: number,
): 'revoked' | 'expired' | 'live' {
  if (revoked_at !== null) return 'revoked';
  return expires_at !== null && Date.parse(expires_at) <= nowMs ? 'expired' : 'live';
}

const LIMIT_NAMES = {
  requestsPerSecond: '/s',
  concurrency: ' concurrent',
  inQueue: ' unfinished',
  cardsPerDay: ' cards/day',
};

function limitsOf(limits: KeyLimits): string {
  const given = Object.entries(LIMIT_NAMES).filter(([name]) => limits[name as keyof KeyLimits] !== undefined);
  return given.map(([name, unit]) => `${limits[name as keyof KeyLimits]}${unit}`).join(', ') || 'none';
}

export interface KeyChange extends Output {
  scope?: Scope[];
  /** `none` removes the limit; an absent option leaves it unchanged. */
  requestsPerSecond?: number | 'none';
  concurrency?: number | 'none';
  inQueue?: number | 'none';
  cardsPerDay?: number | 'none';
}

/** Takes effect in every process within two seconds. */
export async function setKeyCommand(env: Env, tenant: string, id: string, change: KeyChange): Promise<void> {
  const { ledger } = openLedgerOf(env);
  const next = changedKey(await known(ledger, tenant, id), change);
  const detail = { scopes: next.scopes.join(' '), ...next.limits };
  const entry = { action: 'key.change', target: { tenant, key: id }, reason: null, detail } as const;
  const changed = await audited(ledger, entry, () =>
    ledger.tenants.apiKeys.change(tenant, id, (value) => changedKey(value, change)),
  );
  const { scopes, limits = {} } = changed!.value;
  if (change.json) printJson({ id, scopes, limits });
  else process.stdout.write(`key ${id} changed\n`);
}

function changedKey(value: ApiKeyRecord, { scope, ...change }: KeyChange): ApiKeyRecord {
  const { requestsPerSecond, concurrency, inQueue, cardsPerDay } = change;
  const given = Object.entries({ requestsPerSecond, concurrency, inQueue, cardsPerDay });
  const wanted: Record<string, number | 'none' | undefined> = {
    ...value.limits,
    ...Object.fromEntries(given.filter(([, limit]) => limit !== undefined)),
  };
  const limits = Object.fromEntries(Object.entries(wanted).filter(([, limit]) => limit !== 'none')) as KeyLimits;
  const { limits: _before, ...rest } = value;
  return { ...rest, ...(scope ? { scopes: scope } : {}), ...(Object.keys(limits).length > 0 ? { limits } : {}) };
}

const DAY_MS = 86_400_000;

/** Prints a row per key and day. Processes write their counts once a minute. */
export async function keyUsageCommand(
  env: Env,
  tenant: string,
  id: string | undefined,
  { days, json }: Output & { days: number },
): Promise<void> {
  const nowMs = systemClock.now();
  const from = usageDay(nowMs - (days - 1) * DAY_MS);
  const all = await openLedgerOf(env).ledger.tenants.keyUsage.read(tenant, from, usageDay(nowMs));
  const found = all.filter(({ apiKeyId }) => id === undefined || apiKeyId === id);
  if (json) {
    for (const { apiKeyId, ...counts } of found) printJson({ key_id: apiKeyId, ...counts });
    return;
  }
  const rows = found.map(({ day, apiKeyId, requests, cards, refused }) => [
    day,
    apiKeyId,
    ...[requests, cards, refused].map(String),
  ]);
  printTable(['day', 'key', 'requests', 'cards', 'refused'], rows);
}

/** Takes effect in every process within two seconds. Idempotent. */
export async function revokeKeyCommand(env: Env, tenant: string, id: string, { json }: Output): Promise<void> {
  const { ledger } = openLedgerOf(env);
  const now = systemClock.now();
  await known(ledger, tenant, id);
  const entry = { action: 'key.revoke', target: { tenant, key: id }, reason: null } as const;
  const changed = await audited(ledger, entry, () =>
    ledger.tenants.apiKeys.change(tenant, id, (value) => ({ ...value, revokedAtMs: value.revokedAtMs ?? now })),
  );
  if (json) printJson({ id, revoked_at: iso(changed!.value.revokedAtMs!) });
  else process.stdout.write(`key ${id} revoked\n`);
}

/** Throws RejectedError `key_not_found`, so that a command on a missing key gets no audit entry. */
async function known(ledger: Ledger, tenant: string, id: string): Promise<ApiKeyRecord> {
  const found = await ledger.tenants.apiKeys.get(tenant, id);
  if (!found) throw new RejectedError('key_not_found');
  return found.value;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
