/**
 * The checker's input: client responses, incidents with times, the emulator's call log, received webhooks, process
 * samples, and the ledger at rest. None of it comes from the code under test, except what workers log about lost locks.
 */
import type { JobId } from '@cardseal/core/job';
import type { Ledger } from '@cardseal/core/ledger';
import type { ObjectStore } from '@cardseal/object-store';

export interface AcceptedJob {
  id: JobId;
  tenant: string;
  acceptedAtMs: number;
  /** Hex SHA-256 of the image submitted as `front`. */
  imageSha256: string;
  /** The fields of the card from the specimen generator; null when unknown. */
  truth: Record<string, unknown> | null;
}

/** A fault that was injected, or one that a process reported in its log. */
export interface Incident {
  kind: string;
  fromMs: number;
  toMs: number;
  /** The most accepted calls that it may repeat: the calls in flight that it could cut. */
  cutCalls: number;
  /** Prefixes of the failure codes that it explains. */
  fails: readonly string[];
  /** What the injection found broken; each entry starts with the invariant. */
  broken?: readonly string[];
  /** The tenant whose endpoint record was absent. An outcome decided in this time has no endpoint. */
  hiddenEndpointOf?: string;
}

export interface Call {
  at: number;
  outcome: string | null;
  image_sha256: string | null;
}

export interface Arrived {
  /** `The `webhook-id` header.`. */
  id: string;
  type: string;
  job: string;
  /** The tenant that owns the endpoint. */
  tenant: string;
  bytesSha256: string;
  /** Checked by the reference library with the secret of that endpoint. */
  verified: boolean;
}

interface ForeignRead {
  job: string;
  asked: string;
  status: number;
}

/** Samples of one process. */
export interface Vitals {
  process: string;
  maxRssBytes: number;
  maxOpenFiles: number;
  samples: number;
}

export interface QueueSample {
  /** Epoch milliseconds. */
  atMs: number;
  /** Unfinished jobs in both queues. */
  queued: number;
  /** Accepted jobs without an event at the same moment. */
  open: number;
}

export interface Evidence {
  ledger: Ledger;
  bucket: ObjectStore;
  accepted: readonly AcceptedJob[];
  incidents: readonly Incident[];
  calls: readonly Call[];
  arrived: readonly Arrived[];
  foreignReads: readonly ForeignRead[];
  vitals: readonly Vitals[];
  queueSamples: readonly QueueSample[];
  /** Unfinished jobs in both queues after the ledger owed nothing any more. */
  queuedAtRest: number;
}
