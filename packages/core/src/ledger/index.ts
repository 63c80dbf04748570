export type { BatchLine } from './batches/batch-lines.ts';
export type { BatchHead, BatchManifest, HeadDraft } from './batches/batch-manifest.ts';
export {
  type BatchId,
  type BatchRound,
  batchCreatedAtMs,
  isBatchId,
  lineIdPrefix,
  lineJobId,
} from './batches/batch-names.ts';
export type { Batches } from './batches/batches.ts';
export type { DeliveryRecord, StoredDeliveryAttempt } from './deliveries/deliveries.ts';

export type { Recovery, RecoveryRef, RecoveryState } from './deliveries/recoveries.ts';
export type { DayJob } from './jobs/day-jobs.ts';
export { ERASURE_GENERATION, type ErasureRecord, type Tombstone } from './jobs/erasures.ts';
export type { IndexEntry } from './jobs/index-names.ts';
export { assertRequestKept, type Inventory, type KeptNames } from './jobs/inventory.ts';
export type { SealedJob } from './jobs/job-objects.ts';
export type { ListingFilter } from './jobs/listing.ts';

export type { OpenedWork } from './jobs/sealed-job.ts';
export { createLedger, type Ledger } from './ledger.ts';
export { type LedgerEnvironment, openLedger } from './open-ledger.ts';
export { type MasterKeyEnvironment, masterKeyFile, openMasterKey } from './open-master-key.ts';
export {
  type Crop,
  type DeliveryRef,
  type DueRef,
  isNoticeId,
  type NoticeId,
  type PendingMarker,
  paths,
  SYSTEM_TENANT,
} from './paths.ts';
export type { GateRecord } from './reports/gates.ts';
export type { ManifestRef } from './reports/manifests.ts';

export { deletedEndpoint, isDeletionDue } from './tenants/expiring-endpoints.ts';

export type {
  IdempotencyTicket,
  StoredResponse,
} from './tenants/idempotency-cache.ts';
export { type KeyCounts, usageDay } from './tenants/key-usage.ts';
export type { Versioned } from './tenants/records.ts';
export {
  type AdminRecord,
  type ApiKeyRecord,
  type BulkRetryRecord,
  type EndedSessionsRecord,
  type EndpointRecord,
  EVENT_TYPES,
  type EventType,
  endpointMissing,
  type KeyLimits,
  type ObjectSourceRule,
  SCOPES,
  type Scope,
  type TenantLimits,
  type TenantRecord,
  type TenantRetention,
} from './tenants/registry.ts';
export { hasDotSegment, isAllowedSource, openObjectSources } from './uploads/object-sources.ts';
export { isUploadId, type UploadId, type UploadWriter } from './uploads/uploads.ts';
