/**
 * Where ledger and queue disagree. With `fix` what is missing is put back and what is stale is taken away, as reconciler
 * and sweeps would; it decides no job: what needs a worker is left to one. What looks wrong is looked at once more,
 * because work goes on meanwhile.
 */
import type { Clock } from '@cardseal/core/clock';
import type { Ledger } from '@cardseal/core/ledger';
import type { Conveyor, Lanes } from '@cardseal/core/queue';
import { examineBatches } from './batches.ts';
import { examineCards, examineQueuedCards } from './cards.ts';
import { examineDeliveries, examineQueuedDeliveries } from './deliveries.ts';
import { examineIndex } from './listed.ts';

export interface Examination {
  ledger: Ledger;
  conveyor: Conveyor;
  lanes: Lanes;
  clock: Clock;
  fix: boolean;
  hours: number;
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
  /** Markers that owe nothing: of what is delivered, erased, or for an endpoint that is gone. */
  orphan_markers: string[];
  /** A marker without a request: a submit under way, or an interrupted one, which workers withdraw after ten minutes. */
  uncommitted: string[];
  /** Ended, but lists do not say so. */
  unlisted: string[];
  /** Committed and not ended, without the marker by which they are seen through. */
  unseen_batches: string[];
  /** Open, and lines that have no job yet are not there. Nothing mends that. */
  batches_without_lines: string[];
  /** The queue gave them up; a worker settles them at its next walk. */
  abandoned_cards: string[];
  /** What is there and does not open: a broken object or a missing key. Nobody can mend it from here. */
  unreadable: string[];
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
    fixed: examination.fix,
  };
  await examineCards(examination, findings);
  await examineDeliveries(examination, findings);
  await examineQueuedCards(examination, findings);
  await examineQueuedDeliveries(examination, findings);
  await examineIndex(examination, findings);
  await examineBatches(examination, findings);
  return findings;
}

/** What a worker settles by itself within a walk is no disagreement. */
export function disagreements({ abandoned_cards: _settled, uncommitted: _withdrawn, ...findings }: Findings): number {
  return Object.values(findings).reduce((sum: number, value) => sum + (Array.isArray(value) ? value.length : 0), 0);
}

/** What is left to a person: with `fix` it is what cannot be mended. */
export function unmended(findings: Findings): number {
  return findings.fixed ? lost(findings).length : disagreements(findings);
}

/** What nothing mends. */
export function lost({ batches_without_lines, unreadable }: Findings): string[] {
  return [...batches_without_lines, ...unreadable];
}
