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
export type { BatchEnd, Batches, BatchStatus } from './batches/batches.ts';
export type { Deliveries, DeliveryAttempt, DeliveryRecord, StoredDeliveryAttempt } from './deliveries/deliveries.ts';
export type { Notice, NoticeName, Notices } from './deliveries/notices.ts';
export type { OutcomeName, Recovery, RecoveryRef, RecoveryState } from './deliveries/recoveries.ts';
export type { DayJob } from './jobs/day-jobs.ts';
export { ERASURE_GENERATION, type ErasureRecord, type Erasures, type Tombstone } from './jobs/erasures.ts';
export type { IndexEntry } from './jobs/index-names.ts';
export { assertRequestKept, type Inventory, type KeptNames } from './jobs/inventory.ts';
export type { SealedJob } from './jobs/job-objects.ts';
export type { Listing, ListingFilter, ListingPage } from './jobs/listing.ts';
export type { DeliveryPage } from './jobs/markers.ts';
export type { Receipts } from './jobs/receipts.ts';
export type { Schedule } from './jobs/schedule.ts';
export type { OpenedWork } from './jobs/sealed-job.ts';
export { createLedger, type Ledger, type LedgerSettings } from './ledger.ts';
export { type LedgerEnvironment, openLedger } from './open-ledger.ts';
export { type MasterKeyEnvironment, masterKeyFile, openMasterKey } from './open-master-key.ts';
export {
  type Crop,
  type DeliveryRef,
  type DueKind,
  type DueRef,
  isNoticeId,
  type NoticeId,
  type PendingMarker,
  parseDelivery,
  paths,
  SYSTEM_TENANT,
} from './paths.ts';
export type { GateRecord } from './reports/gates.ts';
export type { ManifestRef, Manifests } from './reports/manifests.ts';
export type { UsageCounts, UsageStore } from './reports/usage.ts';
export type {
  DeliveryStores,
  IntakeStores,
  JobStores,
  KeyStores,
  OperatorStores,
  ReportStores,
  TenantStores,
} from './stores.ts';
export { deletedEndpoint, isDeletionDue } from './tenants/expiring-endpoints.ts';
export type { Claim } from './tenants/idempotency.ts';
export {
  IDEMPOTENCY_LEASE_MS,
  IDEMPOTENCY_TTL_MS,
  type IdempotencyCache,
  type IdempotencyTicket,
  type StoredResponse,
} from './tenants/idempotency-cache.ts';
export { type KeyCounts, type KeyUsage, type KeyUsageDay, usageDay } from './tenants/key-usage.ts';
export type { Records, Versioned } from './tenants/records.ts';
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
} from './tenants/registry.ts';
export { hasDotSegment, isAllowedSource, type ObjectSources, openObjectSources } from './uploads/object-sources.ts';
export { isUploadId, type UploadId, type Uploads, type UploadWriter } from './uploads/uploads.ts';
