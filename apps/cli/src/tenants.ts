/** `tenant list|set`: who there is, straight in the ledger. */
import { readFileSync } from 'node:fs';
import { DEFAULT_POLICY, readVerdictPolicy, type VerdictPolicy } from '@cardseal/core/card';
import type { Env } from '@cardseal/core/config';
import { RejectedError } from '@cardseal/core/errors';
import { HOUSE, type ObjectSourceRule, type TenantRecord } from '@cardseal/core/ledger';
import { audited } from './audited.ts';
import { type Output, printJson, printTable } from './jobs/print.ts';
import { openLedgerOf } from './provision.ts';

export async function listTenantsCommand(env: Env, { json }: Output): Promise<void> {
  const tenants = await openLedgerOf(env).ledger.tenants.list(HOUSE);
  if (json) {
    for (const { id, value } of tenants) printJson(shown(id, value));
    return;
  }
  const rows = tenants.map(({ id, value }) => [
    id,
    value.name,
    String(value.weight ?? 1),
    new Date(value.createdAtMs).toISOString(),
  ]);
  printTable(['tenant', 'name', 'weight', 'created'], rows);
}

export interface TenantChange extends Output {
  name?: string;
  weight?: number;
  /** `bucket` or `bucket/prefix`; given, they replace the whole list. */
  objectSource?: string[];
  /** A file with a verdict policy, or `default`. */
  policy?: string;
}

export async function setTenantCommand(env: Env, id: string, change: TenantChange): Promise<void> {
  const { name, weight, objectSource, json } = change;
  const policy = change.policy === undefined ? undefined : readPolicy(change.policy);
  if (weight !== undefined && !(weight >= 0.1 && weight <= 100)) throw new RejectedError('weight_invalid');
  const { ledger } = openLedgerOf(env);
  const objectSources = objectSource?.filter(Boolean).map(ruleOf);
  if (!(await ledger.tenants.get(HOUSE, id))) throw new RejectedError('tenant_not_found');
  const given = Object.entries({ name, weight, policy, objectSources }).filter(([, value]) => value !== undefined);
  const detail = { changed: given.map(([field]) => field).join(' '), weight: weight ?? null };
  const deed = { action: 'tenant.change', target: { tenant: id }, reason: null, detail } as const;
  const changed = await audited(ledger, deed, () =>
    ledger.tenants.change(HOUSE, id, (value) => ({ ...value, ...Object.fromEntries(given) })),
  );
  if (json) printJson(shown(id, changed!.value));
  else process.stdout.write(`tenant ${id} changed\n`);
}

/** Throws with every problem of the file, each at its place. */
function readPolicy(file: string): VerdictPolicy {
  if (file === 'default') return DEFAULT_POLICY;
  const read = readVerdictPolicy(JSON.parse(readFileSync(file, 'utf8')));
  if ('policy' in read) return read.policy;
  const problems = read.problems.map(({ pointer, code }) => `  ${pointer || '/'}: ${code}`);
  throw new Error(`the policy cannot be used:\n${problems.join('\n')}`);
}

function ruleOf(text: string): ObjectSourceRule {
  const [bucket = '', ...rest] = text.split('/');
  if (!/^[a-z0-9][a-z0-9.-]{2,62}$/.test(bucket)) throw new RejectedError('object_source_invalid');
  return { bucket, prefix: rest.join('/') };
}

function shown(id: string, { name, createdAtMs, weight = 1, objectSources = [] }: TenantRecord) {
  return { tenant: id, name, weight, object_sources: objectSources, created_at: new Date(createdAtMs).toISOString() };
}
