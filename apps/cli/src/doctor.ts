/**
 * `doctor [--fix]`: holds the ledger's markers against the queue and says where the two disagree; with `--fix` it puts
 * back what is missing, as the reconciler would. It decides nothing: what needs a worker is left to one.
 */
import { commonEnvironment, type Env, readEnvironment, redisEnvironment, redisTarget } from '@cardseal/core/config';
import type { DeliveryRef, Ledger, PendingMarker } from '@cardseal/core/ledger';
import { type Conveyor, connectRedis, createConveyor, deliverJobId, recognizeJobId } from '@cardseal/core/queue';
import { z } from 'zod';
import { examineFoundation } from './advise.ts';
import { openLedgerOf } from './provision.ts';

const schema = z.object({ ...redisEnvironment, QUEUE_PREFIX: commonEnvironment.QUEUE_PREFIX });

export interface Findings {
  /** Open generations and owed deliveries that were looked at. */
  pending: number;
  undelivered: number;
  /** In the ledger, unknown to the queue. */
  missing_cards: string[];
  missing_deliveries: string[];
  /** The queue gave them up; a worker settles them at its next walk. */
  abandoned_cards: string[];
  /** A marker without a request: an interrupted submit, swept after ten minutes; or an erasure under way. */
  uncommitted: string[];
  /** Work in the queue that the ledger does not owe. */
  orphaned_cards: string[];
  fixed: boolean;
}

/** Exit code 1 while anything disagrees that was not mended. */
export async function doctorCommand(
  env: Env,
  { fix = false, strict = false }: { fix?: boolean; strict?: boolean },
): Promise<void> {
  const config = readEnvironment(schema, env);
  const { ledger } = openLedgerOf(env);
  const redis = connectRedis(redisTarget(config), 'board');
  const conveyor = createConveyor(redis, config.QUEUE_PREFIX);
  try {
    if (redis.status !== 'ready') await new Promise((resolve) => redis.once('ready', resolve));
    const findings = await examine(ledger, conveyor, fix);
    const foundation = await examineFoundation(env, ledger, redis);
    process.stdout.write(`${JSON.stringify({ ...findings, ...foundation })}\n`);
    for (const { code, text } of foundation.advice) process.stderr.write(`${code}: ${text}\n`);
    const missing = findings.missing_cards.length + findings.missing_deliveries.length;
    const broken = foundation.keys.trouble !== null || (strict && foundation.advice.length > 0);
    if ((missing > 0 && !fix) || broken) process.exitCode = 1;
  } finally {
    await conveyor.close();
    redis.disconnect();
  }
}

export async function examine(ledger: Ledger, conveyor: Conveyor, fix: boolean): Promise<Findings> {
  const findings: Findings = {
    pending: 0,
    undelivered: 0,
    missing_cards: [],
    missing_deliveries: [],
    abandoned_cards: [],
    uncommitted: [],
    orphaned_cards: [],
    fixed: fix,
  };
  for await (const marker of ledger.markers.pending()) await examineCard(ledger, conveyor, marker, findings);
  for await (const ref of ledger.markers.undelivered()) await examineDelivery(conveyor, ref, findings);
  await examineQueue(ledger, conveyor, findings);
  return findings;
}

async function examineCard(ledger: Ledger, conveyor: Conveyor, marker: PendingMarker, findings: Findings) {
  findings.pending++;
  const { tenant, job, generation } = marker;
  const id = recognizeJobId(job, generation);
  const state = await conveyor.queues().recognize.getJobState(id);
  if (state === 'failed' || state === 'completed') findings.abandoned_cards.push(id);
  if (state !== 'unknown') return;
  const request = await (await ledger.openJob(tenant, job))?.request();
  if (!request || generation === 0) return void findings.uncommitted.push(id);
  findings.missing_cards.push(id);
  if (!findings.fixed) return;
  const { priority, sides } = request;
  await conveyor.addCards([{ tenant, job, generation, priority, calls: sides.length }]);
}

async function examineDelivery(conveyor: Conveyor, ref: DeliveryRef, findings: Findings): Promise<void> {
  findings.undelivered++;
  const id = deliverJobId(ref);
  if ((await conveyor.queues().deliver.getJobState(id)) !== 'unknown') return;
  findings.missing_deliveries.push(id);
  if (findings.fixed) await conveyor.addDeliveries([{ ref }]);
}

/** A card in the queue whose generation is closed: harmless, since the worker that comes to it finds nothing to do. */
async function examineQueue(ledger: Ledger, conveyor: Conveyor, findings: Findings): Promise<void> {
  const waiting = await conveyor.queues().recognize.getJobs(['waiting', 'prioritized', 'delayed'], 0, 10_000);
  for (const { id, data } of waiting.filter(Boolean)) {
    const { open } = await ledger.inventory(data.tenant, data.job);
    if (id !== undefined && !open.includes(data.generation)) findings.orphaned_cards.push(id);
  }
}
