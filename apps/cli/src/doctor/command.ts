/** `doctor [--fix]` compares the ledger with the queues. `doctor manifest` shows the daily reconciliation reports. */
import { systemClock } from '@cardseal/base/clock';
import { RejectedError, TransientError } from '@cardseal/base/errors';
import {
  commonEnvironment,
  type Env,
  readEnvironment,
  redisEnvironment,
  redisTarget,
  storeEnvironment,
} from '@cardseal/core/config';
import { SYSTEM_TENANT } from '@cardseal/core/ledger';
import { fileProblems, relationProblems } from '@cardseal/core/preflight';
import { connectRedis, createEndpointLimits, createJobQueue } from '@cardseal/core/queue';
import { lastDay, type Manifest, makeManifest, readManifest } from '@cardseal/core/reports';
import { z } from 'zod';
import { openLedgerOf } from '../support/open-ledger.ts';
import { type Output, printJson, printTable } from '../support/print.ts';
import { countUnrepaired, examine, needRestore } from './examine.ts';
import { examineInstallation } from './installation.ts';
import type { DoctorReport } from './report.ts';

const { QUEUE_PREFIX, CARDSEAL_ENV, ALLOW_PLAINTEXT } = commonEnvironment;
const schema = z.object({ ...redisEnvironment, ...storeEnvironment, QUEUE_PREFIX, CARDSEAL_ENV, ALLOW_PLAINTEXT });
const REDIS_TIMEOUT_MS = 10_000;

export interface DoctorOptions extends Output {
  fix?: boolean;
  /** Advice on the installation counts as a finding. */
  strict?: boolean;
  /** The number of past hours for which the doctor checks the index. */
  hours: number;
}

/** Exit code 1 while there is a finding that was not repaired. Throws TransientError `queue_unavailable`. */
export async function doctorCommand(
  env: Env,
  { fix = false, strict = false, hours, json }: DoctorOptions,
): Promise<void> {
  const config = readEnvironment(schema, env, [relationProblems, fileProblems]);
  const { ledger } = openLedgerOf(env);
  const redis = connectRedis(redisTarget(config), 'board');
  const jobQueue = createJobQueue(redis, config.QUEUE_PREFIX);
  const endpointLimits = createEndpointLimits(redis, config.QUEUE_PREFIX);
  try {
    await untilReady(redis);
    const report = await examine({ ledger, jobQueue, endpointLimits, clock: systemClock, fix, hours });
    const installation = await examineInstallation(env, ledger, redis);
    if (json) printJson({ ...report, ...installation });
    else print(report);
    for (const { code, text } of installation.advice) process.stderr.write(`${code}: ${text}\n`);
    const broken = installation.keys.trouble !== null || (strict && installation.advice.length > 0);
    if (countUnrepaired(report) > 0 || broken) process.exitCode = 1;
  } finally {
    await jobQueue.close();
    redis.disconnect();
  }
}

function print(report: DoctorReport): void {
  const { pending, undelivered, fixed, left_to_workers, ...found } = report;
  process.stdout.write(`checked ${pending} open generations and ${undelivered} pending deliveries\n`);
  const rows = Object.entries(found).flatMap(([what, ids]) => ids.map((id) => [what.replaceAll('_', ' '), id]));
  if (rows.length === 0) return void process.stdout.write('ledger and queue agree\n');
  printTable(['finding', 'id'], rows);
  const { length: unrepaired } = needRestore(report);
  if (!fixed) process.stdout.write('run with --fix to repair what can be repaired\n');
  else process.stdout.write(`${countUnrepaired(report)} findings are not repaired\n`);
  if (left_to_workers.length > 0)
    process.stdout.write('abandoned jobs without an outcome and interrupted submits are left to the workers\n');
  if (unrepaired > 0)
    process.stdout.write('missing and unreadable data must be restored: docs/operate/runbook/stored-data-missing.md\n');
}

/** Throws TransientError `queue_unavailable` with the last connection error as its cause. */
async function untilReady(redis: ReturnType<typeof connectRedis>): Promise<void> {
  if (redis.status === 'ready') return;
  let cause: unknown;
  redis.on('error', (error) => {
    cause = error;
  });
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new TransientError('queue_unavailable', { cause })), REDIS_TIMEOUT_MS).unref();
  });
  await Promise.race([new Promise((resolve) => redis.once('ready', resolve)), late]);
}

export interface ManifestOptions extends Output {
  tenant?: string;
  day?: string;
  /** Makes a new report even if one exists. */
  make?: boolean;
}

/** Sets exit code 1 when a report disagrees. */
export async function manifestCommand(env: Env, { tenant, day, make, json }: ManifestOptions): Promise<void> {
  const { ledger } = openLedgerOf(env);
  const wanted = day ?? lastDay(systemClock.now());
  const tenants = (await ledger.tenants.records.list(SYSTEM_TENANT))
    .map(({ id }) => id)
    .filter((id) => !tenant || id === tenant);
  if (tenants.length === 0) throw new RejectedError('tenant_not_found');
  const manifests: Manifest[] = [];
  for (const id of tenants) {
    const standing = make ? null : await readManifest(ledger, id, wanted);
    manifests.push(standing ?? (await makeManifest(ledger, systemClock, { tenant: id, day: wanted }))!);
  }
  if (json) for (const manifest of manifests) printJson(manifest);
  else printManifests(manifests);
  if (manifests.some(({ agrees }) => !agrees)) process.exitCode = 1;
}

const COLUMNS = [
  'accepted',
  'finished',
  'open',
  'delivered',
  'parked',
  'undelivered',
  'unaddressed',
  'erased',
] as const;

function printManifests(manifests: readonly Manifest[]): void {
  const rows = manifests.map(({ tenant, day, counts, agrees }) => [
    tenant,
    day,
    ...COLUMNS.map((column) => String(counts[column])),
    agrees ? 'agrees' : 'DISAGREES',
  ]);
  printTable(['tenant', 'day', ...COLUMNS, ''], rows);
  const wrong = manifests.flatMap(({ disagreements }) => disagreements.map(({ id, problem }) => [id, problem ?? '']));
  if (wrong.length > 0) printTable(['job', 'problem'], wrong);
}
