/** The context that every check of the doctor takes, and the report to which each check adds. */
import type { Clock } from '@cardseal/base/clock';
import type { Ledger } from '@cardseal/core/ledger';
import type { EndpointLimits, JobQueue } from '@cardseal/core/queue';

export interface DoctorContext {
  ledger: Ledger;
  jobQueue: JobQueue;
  endpointLimits: EndpointLimits;
  clock: Clock;
  fix: boolean;
  hours: number;
  /** The pause between the two reads that distinguish a submit in progress from an interrupted one. */
  pauseMs?: number;
}

export interface DoctorReport {
  /** The number of open generations and pending deliveries that were checked. */
  pending: number;
  undelivered: number;
  /** In the ledger but not in the queue. */
  missing_cards: string[];
  missing_deliveries: string[];
  /** In the queue but closed in the ledger: harmless. */
  stale_cards: string[];
  stale_deliveries: string[];
  /** Due but delayed in the queue, and no endpoint limit has an entry that would promote them. */
  stuck_deliveries: string[];
  /** Markers without work: delivered, erased, or for an endpoint whose record says `deleted`. */
  orphan_markers: string[];
  /** Markers without a request that did not change between two reads: interrupted submits, which workers withdraw. */
  uncommitted: string[];
  /** Ended jobs that lists do not show as ended. */
  unlisted: string[];
  /** Committed batches that have not ended and have no marker, so that no API continues them. */
  unseen_batches: string[];
  /** Open batches whose lines are missing although some have no job yet. Nothing can repair them. */
  batches_without_lines: string[];
  /** BullMQ gave them up while their generation is open. `fix` queues decided ones again, so that a worker announces them. */
  abandoned_cards: string[];
  /** Jobs, deliveries and batches that need an unreadable object or a missing key. An operator must restore it. */
  unreadable: string[];
  /** Missing objects and records that are still needed. An operator must restore them. */
  missing_records: string[];
  /** Findings that only a worker can settle, within ten minutes. `fix` does not repair them. */
  left_to_workers: string[];
  fixed: boolean;
}
