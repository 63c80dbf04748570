/**
 * Where ledger and queue disagree. With `fix` what is missing is put back and what is stale is taken away, as reconciler
 * and sweeps would; it decides no job: what needs a worker is left to one. What looks wrong is looked at once more,
 * because work goes on meanwhile.
 */
import type { Clock } from '@cardseal/base/clock';
import type { Ledger } from '@cardseal/core/ledger';
import type { EndpointLimits, JobQueue } from '@cardseal/core/queue';
import { examineBatches } from './batches.ts';
import { examineCards, examineQueuedCards } from './cards.ts';
import { examineDeliveries, examineQueuedDeliveries } from './deliveries.ts';
import { examineIndex } from './listed.ts';
import { examineTenants } from './tenants.ts';

export interface Examination {
  ledger: Ledger;
  jobQueue: JobQueue;
  lanes: EndpointLimits;
  clock: Clock;
  fix: boolean;
  hours: number;
  /** The pause between the two reads that distinguish a submit in progress from an interrupted one. */
  pauseMs?: number;
}

export interface Findings {
  /** Open generations and owed deliveries that were looked at. */
  pending: number;
  undelivered: number;
  /** In the ledger, unknown to the queue. */
  missing_cards: string[];
  missing_deliveries: string[];
  /** In the queue, closed in the ledger: harmless, but in the way. */
  stale_cards: string[];
  stale_deliveries: string[];
  /** Asleep in the queue though due, and in no lane that would wake them. */
  stuck_deliveries: string[];
  /** Markers that owe nothing: of what is delivered or erased, or for an endpoint whose record says `deleted`. */
  orphan_markers: string[];
  /** Markers without a request that did not change between two reads: interrupted submits, which workers withdraw. */
  uncommitted: string[];
  /** Ended, but lists do not say so. */
  unlisted: string[];
  /** Committed and not ended, without the marker by which they are seen through. */
  unseen_batches: string[];
  /** Open, and lines that have no job yet are not there. Nothing mends that. */
  batches_without_lines: string[];
  /** The queue gave them up and their generation is open. With `fix`, decided ones are queued again to be announced. */
  abandoned_cards: string[];
  /** A broken object or a missing key, by the job, delivery or batch that needs it. An operator has to restore it. */
  unreadable: string[];
  /** Objects and records that are not there although something needs them. An operator has to restore them. */
  missing_records: string[];
  /** The findings above that only a worker can settle, within ten minutes: `fix` does not repair them. */
  left_to_workers: string[];
  fixed: boolean;
}

export async function examine(examination: Examination): Promise<Findings> {
  const findings: Findings = {
    pending: 0,
    undelivered: 0,
    missing_cards: [],
    missing_deliveries: [],
    stale_cards: [],
    stale_deliveries: [],
    stuck_deliveries: [],
    orphan_markers: [],
    uncommitted: [],
    unlisted: [],
    unseen_batches: [],
    batches_without_lines: [],
    abandoned_cards: [],
    unreadable: [],
    missing_records: [],
    left_to_workers: [],
    fixed: examination.fix,
  };
  await examineCards(examination, findings);
  await examineDeliveries(examination, findings);
  await examineQueuedCards(examination, findings);
  await examineQueuedDeliveries(examination, findings);
  await examineTenants(examination, findings);
  await examineIndex(examination, findings);
  await examineBatches(examination, findings);
  return findings;
}

/** How many findings there are, of every kind. */
export function disagreements({ left_to_workers: _countedElsewhere, ...findings }: Findings): number {
  return Object.values(findings).reduce((sum: number, value) => sum + (Array.isArray(value) ? value.length : 0), 0);
}

/** How many findings are not repaired. */
export function unmended(findings: Findings): number {
  return findings.fixed ? lost(findings).length + findings.left_to_workers.length : disagreements(findings);
}

/** What only an operator can repair, by restoring objects. */
export function lost({ batches_without_lines, unreadable, missing_records }: Findings): string[] {
  return [...batches_without_lines, ...unreadable, ...missing_records];
}
