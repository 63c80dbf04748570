/** What every part of the doctor's examination takes, and the findings to which each part adds. */
import type { Clock } from '@cardseal/base/clock';
import type { Ledger } from '@cardseal/core/ledger';
import type { EndpointLimits, JobQueue } from '@cardseal/core/queue';

export interface Examination {
  ledger: Ledger;
  jobQueue: JobQueue;
  endpointLimits: EndpointLimits;
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
  /** Asleep in the queue though due, and in no limit that would wake them. */
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
