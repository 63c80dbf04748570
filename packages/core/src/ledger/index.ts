export type { BatchLine } from './batch-lines.ts';
export type { BatchHead, BatchManifest, HeadDraft } from './batch-manifest.ts';
export {
  type BatchId,
  type BatchRound,
  batchCreatedAtMs,
  isBatchId,
  lineIdPrefix,
  lineJobId,
} from './batch-names.ts';
export type { BatchEnd, Batches, BatchStatus } from './batches.ts';
export type { DayJob } from './day-jobs.ts';
export type { Deliveries, DeliveryRecord, ReadTry, TryRecord } from './deliveries.ts';
export type { Due } from './due.ts';
export { ERASURE_GENERATION, type ErasureRecord, type Erasures, type Tombstone } from './erasures.ts';
export { deletedEndpoint, isDeletionDue } from './expiring-endpoints.ts';
export type { GateRecord } from './gates.ts';
export type { Claim } from './idempotency.ts';
export type { IndexEntry } from './index-names.ts';
export { assertRequestKept, type Inventory, type KeptNames } from './inventory.ts';
export type { KeyRotation, KeyStatus, Rewrapped } from './key-rotation.ts';
export { type KeyCounts, type KeyUsage, type KeyUsageDay, usageDay } from './key-usage.ts';
export { createLedger, type Ledger, type LedgerSettings } from './ledger.ts';
export type { Listing, ListingFilter, ListingPage } from './listing.ts';
export type { ManifestRef, Manifests } from './manifests.ts';
export type { DeliveryPage } from './markers.ts';
export type { Notice, NoticeName, Notices } from './notices.ts';
export { hasDotSegment, isAllowedSource, type ObjectSources, openObjectSources } from './object-sources.ts';
export { type LedgerEnvironment, openLedger } from './open-ledger.ts';
export { type MasterKeyEnvironment, masterKeyFile, openMasterKey } from './open-master-key.ts';
export {
  type Crop,
  type DeliveryRef,
  type DueKind,
  type DueRef,
  HOUSE,
  isNoticeId,
  type NoticeId,
  type PendingMarker,
  parseDelivery,
  paths,
} from './paths.ts';
export type { Receipts } from './receipts.ts';
export type { Records, Versioned } from './records.ts';
export type { OutcomeName, Recovery, RecoveryRef, RecoveryState } from './recoveries.ts';
export {
  type AdminRecord,
  type ApiKeyRecord,
  type BulkRetryRecord,
  type EndedSessionsRecord,
  type EndpointHealth,
  type EndpointRecord,
  EVENT_TYPES,
  type EventType,
  endpointMissing,
  type KeyLimits,
  type ObjectSourceRule,
  type Registry,
  SCOPES,
  type Scope,
  type TenantLimits,
  type TenantRecord,
  type TenantRetention,
} from './registry.ts';
export { type KeptAnswer, REPLAY_LEASE_MS, REPLAYS_KEPT_MS, type Replays, type ReplayTicket } from './replays.ts';
export type { OpenedWork, SealedJob } from './sealed-job.ts';
export { type MemoryObjectStore, memoryObjectStore } from './store/memory-object-store.ts';
export { type ObjectStore, walk } from './store/object-store.ts';
export type { StoreObserver } from './store/observed-object-store.ts';
export { createS3Client, type S3Settings, s3ObjectStore } from './store/s3-object-store.ts';
export { isUploadId, type UploadId, type Uploads, type UploadWriter } from './uploads.ts';
export type { UsageBook, UsageCounts } from './usage.ts';
