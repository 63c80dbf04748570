/** `tenant list|set`: reads and changes tenants directly in the ledger. */
import { readFileSync } from 'node:fs';
import { RejectedError } from '@cardseal/base/errors';
import type { Env } from '@cardseal/core/config';
import { hasDotSegment, type ObjectSourceRule, SYSTEM_TENANT, type TenantRecord } from '@cardseal/core/ledger';
import { DEFAULT_POLICY, readVerdictPolicy, type VerdictPolicy } from '@cardseal/idcard/card';
import { readTargetEntry, splitTargets } from '@cardseal/webhook';
import { audited } from '../support/audited.ts';
import { openLedgerOf } from '../support/open-ledger.ts';
import { type Output, printJson, printTable } from '../support/print.ts';

export async function listTenantsCommand(env: Env, { json }: Output): Promise<void> {
  const tenants = await openLedgerOf(env).ledger.tenants.records.list(SYSTEM_TENANT);
  if (json) {
    for (const { id, value } of tenants) printJson(shown(id, value));
    return;
  }
  const rows = tenants.map(({ id, value }) => [
    id,
    value.name,
    String(value.weight ?? 1),
    limitsText(value),
    retentionText(value),
    new Date(value.createdAtMs).toISOString(),
  ]);
  printTable(['tenant', 'name', 'weight', 'limits', 'retention', 'created'], rows);
}

function limitsText({ limits = {} }: TenantRecord): string {
  const { requestsPerSecond, cardsPerDay } = limits;
  const parts = [requestsPerSecond && `${requestsPerSecond}/s`, cardsPerDay && `${cardsPerDay} cards/day`];
  return parts.filter(Boolean).join(', ') || 'none';
}

function retentionText({ retention = {} }: TenantRecord): string {
  const { defaultS, maximumS } = retention;
  const parts = [defaultS && `${defaultS} s`, maximumS && `at most ${maximumS} s`];
  return parts.filter(Boolean).join(', ') || 'default';
}

export interface TenantChange extends Output {
  name?: string;
  weight?: number;
  /** `bucket` or `bucket/prefix`; replaces the whole list. */
  objectSource?: string[];
  /** CIDR ranges, `host` or `host:port`; replaces the whole list. */
  webhookTarget?: string[];
  /** A file with a verdict policy, or `default`. */
  policy?: string;
  /** Limits of all keys together. `none` removes a limit; an absent option leaves it unchanged. */
  rate?: number | 'none';
  daily?: number | 'none';
  /** Seconds; `none` means the retention of the installation. */
  retainFor?: number | 'none';
  maxRetainFor?: number | 'none';
}

export async function setTenantCommand(env: Env, id: string, change: TenantChange): Promise<void> {
  const { name, weight, objectSource, webhookTarget, json } = change;
  const policy = change.policy === undefined ? undefined : readPolicy(change.policy);
  if (weight !== undefined && !(weight >= 0.1 && weight <= 100)) throw new RejectedError('weight_invalid');
  const { ledger } = openLedgerOf(env);
  const objectSources = objectSource?.filter(Boolean).map(ruleOf);
  const webhookTargets = webhookTarget?.flatMap(splitTargets);
  if (webhookTargets?.some((text) => !readTargetEntry(text))) throw new RejectedError('webhook_target_invalid');
  const limits = { requestsPerSecond: change.rate, cardsPerDay: change.daily };
  const retention = { defaultS: change.retainFor, maximumS: change.maxRetainFor };
  if (!(await ledger.tenants.records.get(SYSTEM_TENANT, id))) throw new RejectedError('tenant_not_found');
  const fields = { name, weight, policy, objectSources, webhookTargets };
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const named = [...given.map(([field]) => field), ...namesOf(limits), ...namesOf(retention)];
  const opened = webhookTargets && { webhook_targets: webhookTargets.join(' ') };
  const changes = { ...givenOf(limits), ...givenOf(retention), ...opened };
  const detail = { changed: named.join(' '), weight: weight ?? null, ...changes };
  const entry = { action: 'tenant.change', target: { tenant: id }, reason: null, detail } as const;
  const changed = await audited(ledger, entry, () =>
    ledger.tenants.records.change(SYSTEM_TENANT, id, (value) => ({
      ...value,
      ...Object.fromEntries(given),
      limits: merged(value.limits, limits),
      retention: merged(value.retention, retention),
    })),
  );
  if (json) printJson(shown(id, changed!.value));
  else process.stdout.write(`tenant ${id} changed\n`);
}

type Settings = Record<string, number | 'none' | undefined>;

function namesOf(settings: Settings): string[] {
  return Object.keys(settings).filter((name) => settings[name] !== undefined);
}

/** The settings of the command, for the audit log. */
function givenOf(settings: Settings): Record<string, number | string> {
  return Object.fromEntries(namesOf(settings).map((name) => [name, settings[name]!]));
}

/** An absent setting keeps its value, and `none` removes it. */
export function merged<T extends object>(before: T | undefined, settings: Settings): T {
  const next: Settings = { ...before, ...givenOf(settings) };
  return Object.fromEntries(Object.entries(next).filter(([, value]) => value !== 'none')) as T;
}

/** Throws an error that lists every problem of the file with its pointer. */
function readPolicy(file: string): VerdictPolicy {
  if (file === 'default') return DEFAULT_POLICY;
  const read = readVerdictPolicy(JSON.parse(readFileSync(file, 'utf8')));
  if ('policy' in read) return read.policy;
  const problems = read.problems.map(({ pointer, code }) => `  ${pointer || '/'}: ${code}`);
  throw new Error(`the policy is not valid:\n${problems.join('\n')}`);
}

function ruleOf(text: string): ObjectSourceRule {
  const [bucket = '', ...rest] = text.split('/');
  if (!/^[a-z0-9][a-z0-9.-]{2,62}$/.test(bucket)) throw new RejectedError('object_source_invalid');
  const prefix = rest.join('/');
  if (hasDotSegment(prefix)) throw new RejectedError('object_source_invalid');
  return { bucket, prefix };
}

function shown(id: string, record: TenantRecord) {
  const {
    name,
    createdAtMs,
    weight = 1,
    objectSources = [],
    webhookTargets = [],
    limits = {},
    retention = {},
  } = record;
  return {
    tenant: id,
    name,
    weight,
    object_sources: objectSources,
    webhook_targets: webhookTargets,
    limits: { rate: limits.requestsPerSecond ?? null, daily: limits.cardsPerDay ?? null },
    retention: { retain_for: retention.defaultS ?? null, max_retain_for: retention.maximumS ?? null },
    created_at: new Date(createdAtMs).toISOString(),
  };
}
