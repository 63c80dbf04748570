/**
 * The stores of the ledger, grouped by who works with them. A step takes the one store that it uses, never the whole
 * {@link Ledger}. The tenant is the first argument of every call.
 */
import type { KeyRotation } from '@cardseal/sealing';
import type { JobId, Outcome, Side } from '../job/index.ts';
import type { AuditLog } from './audit/index.ts';
import type { Batches } from './batches/batches.ts';
import type { Deliveries } from './deliveries/deliveries.ts';
import type { Notices } from './deliveries/notices.ts';
import type { Recoveries } from './deliveries/recoveries.ts';
import type { Erasures } from './jobs/erasures.ts';
import type { Inventory } from './jobs/inventory.ts';
import type { SealedJob } from './jobs/job-objects.ts';
import type { Listing } from './jobs/listing.ts';
import type { Markers } from './jobs/markers.ts';
import type { PendingSubmissions } from './jobs/pending-submissions.ts';
import type { Receipts } from './jobs/receipts.ts';
import type { Schedule } from './jobs/schedule.ts';
import type { OpenedWork } from './jobs/sealed-job.ts';
import type { GateStore } from './reports/gates.ts';
import type { Manifests } from './reports/manifests.ts';
import type { UsageStore } from './reports/usage.ts';
import type { Idempotency } from './tenants/idempotency.ts';
import type { IdempotencyCache } from './tenants/idempotency-cache.ts';
import type { KeyUsage } from './tenants/key-usage.ts';
import type { Registry } from './tenants/registry.ts';
import type { ObjectSources } from './uploads/object-sources.ts';
import type { Uploads } from './uploads/uploads.ts';

/** A job's life: its key, its objects, the names that say what is in flight, its erasure. */
export interface JobStores {
  /** Creates the job's key and opens the job for its submit. */
  start(tenant: string, job: JobId): Promise<SealedJob>;
  /**
   * Like `start`, for an id that no other process knows. Its images may be written while `keep` writes the key; its
   * request may not.
   */
  startUnseen(tenant: string, job: JobId): Promise<{ sealed: SealedJob; keep(): Promise<void> }>;
  /**
   * null when the job never existed or was never committed. Nothing of an erased job can be read. Throws DefectError
   * `job_key_missing` when the job was committed and the store lost its key.
   */
  open(tenant: string, job: JobId): Promise<SealedJob | null>;
  /**
   * For a caller that writes to the job and checks for an erasure once, after all its writes. null when there is no
   * work: never committed, or erased. Throws DefectError `job_key_missing` or `job_request_missing` when the store lost
   * one of the two.
   * @param ahead sides whose images are read together with the rest.
   */
  openForWork(tenant: string, job: JobId, ahead?: readonly Side[]): Promise<OpenedWork | null>;
  /** null when the job never existed, is erased, or its generation is not decided. */
  openOutcome(tenant: string, job: JobId, generation: number): Promise<{ sealed: SealedJob; outcome: Outcome } | null>;
  inventory(tenant: string, job: JobId): Promise<Inventory>;
  deleteImages(tenant: string, job: JobId, kinds: readonly ('front' | 'back')[]): Promise<void>;
  /**
   * Ends the time in which a job can be retried. Returns false, and ends nothing, when a generation is open. Race: this
   * call writes the end and then reads the generations; a retry writes its generation and then reads the end. At least
   * one of the two sees the other.
   */
  closeRetryWindow(tenant: string, job: JobId): Promise<boolean>;
  markers: Markers;
  pendingSubmissions: PendingSubmissions;
  listing: Listing;
  schedule: Schedule;
  erasures: Erasures;
  receipts: Receipts;
}

/** What arrives before there is a job, and what recognises a repeated request. */
export interface IntakeStores {
  batches: Batches;
  uploads: Uploads;
  objectSources: ObjectSources;
  idempotency: Idempotency;
  idempotencyCache: IdempotencyCache;
}

/** Webhooks: attempts, events that belong to no job, and what an endpoint's owner asked to have sent again. */
export interface DeliveryStores {
  records: Deliveries;
  notices: Notices;
  recoveries: Recoveries;
}

/** A tenant's settings and the use of its API keys. */
export interface TenantStores extends Pick<Registry, 'endpoints' | 'apiKeys'> {
  records: Registry['tenants'];
  keyUsage: KeyUsage;
}

/** Operators: accounts, sessions, bulk work, the audit chain. */
export interface OperatorStores extends Pick<Registry, 'admins' | 'endedSessions' | 'bulkRetries'> {
  audit: AuditLog;
}

/** State of credentials that outlives Redis, and the daily reports. */
export interface ReportStores {
  manifests: Manifests;
  usage: UsageStore;
  gates: GateStore;
}

export interface KeyStores extends KeyRotation {
  /** 32 bytes for one purpose of the system, the same in every process. */
  systemSecret(purpose: string): Promise<Buffer>;
  /** Throws ConfigurationError when the bucket of keys is empty, or is not the one that sealed the records. */
  check(): Promise<void>;
}
