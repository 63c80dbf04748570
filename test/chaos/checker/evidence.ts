/**
 * What the checker is given: what clients were told, what was done to the system and when, the emulator's journal, the
 * receiver's log, samples of the processes, and the ledger at rest. None of it comes from the code under test.
 */
import type { JobId } from '@cardseal/core/job';
import type { Ledger } from '@cardseal/core/ledger';
import type { ObjectStore } from '@cardseal/object-store';

export interface ToldJob {
  id: JobId;
  tenant: string;
  toldAtMs: number;
  /** Hex SHA-256 of the picture that was submitted as `front`. */
  pictureSha256: string;
  /** What the card says, by the generator of the specimen; null when nobody knows. */
  truth: Record<string, unknown> | null;
}

/** Something that was done to the system, or that a process said of itself. */
export interface Incident {
  kind: string;
  fromMs: number;
  toMs: number;
  /** Accepted calls that it may have cost: how many could have been on the wires that it cut. */
  wires: number;
  /** Beginnings of the failure codes that it explains. */
  fails: readonly string[];
  /** What was found broken while it was done, each with its invariant. */
  broken?: readonly string[];
  /** The tenant whose endpoint the store did not have: an outcome of that time has no endpoint to go to. */
  hiddenEndpointOf?: string;
}

export interface Call {
  at: number;
  outcome: string | null;
  image_sha256: string | null;
}

export interface Arrived {
  /** `webhook-id`. */
  id: string;
  type: string;
  job: string;
  /** Whose endpoint it came to. */
  tenant: string;
  bytesSha256: string;
  /** By the reference library, with the secret of that endpoint. */
  verified: boolean;
}

export interface ForeignRead {
  job: string;
  asked: string;
  status: number;
}

/** Of one process, or of Redis. */
export interface Vitals {
  process: string;
  maxRssBytes: number;
  maxOpenFiles: number;
  samples: number;
}

export interface QueueSample {
  /** Epoch milliseconds. */
  atMs: number;
  /** Jobs in both queues that have not ended. */
  queued: number;
  /** Cards told of and not delivered yet, at the same moment. */
  open: number;
}

export interface Evidence {
  ledger: Ledger;
  bucket: ObjectStore;
  told: readonly ToldJob[];
  incidents: readonly Incident[];
  calls: readonly Call[];
  arrived: readonly Arrived[];
  foreignReads: readonly ForeignRead[];
  vitals: readonly Vitals[];
  queueSamples: readonly QueueSample[];
  /** Jobs in both queues, the ended ones apart, when the ledger owed nothing any more. */
  queuedAtRest: number;
}
