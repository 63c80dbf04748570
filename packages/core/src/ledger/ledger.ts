/**
 * The ledger: the only truth about a job, in an object store whose objects are written once, conditionally, and
 * never changed. The tenant is the first argument of every call.
 */

import { hkdfSync, randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '@cardseal/base/clock';
import { DefectError } from '@cardseal/base/errors';
import type { ObjectStore } from '@cardseal/object-store';
import type { MasterKey } from '@cardseal/sealing';
import { createKeyRotation, createKeyring, type KeyRotation, type Keyring } from '@cardseal/sealing';
import type { JobId, Outcome, Side } from '../job/index.ts';
import { type AuditLog, createAuditLog } from './audit/index.ts';
import { type Batches, createBatches } from './batches/batches.ts';
import { createDeliveries, type Deliveries } from './deliveries/deliveries.ts';
import { createNotices, type Notices } from './deliveries/notices.ts';
import { createRecoveries, type Recoveries } from './deliveries/recoveries.ts';
import { createErasures, type Erasures } from './jobs/erasures.ts';
import { type Inventory, takeInventory } from './jobs/inventory.ts';
import { createListing, type Listing } from './jobs/listing.ts';
import { createMarkers, type Markers } from './jobs/markers.ts';
import { createPendingSubmissions, type PendingSubmissions } from './jobs/pending-submissions.ts';
import { createReceipts, type Receipts } from './jobs/receipts.ts';
import { createSchedule, type Schedule } from './jobs/schedule.ts';
import { type OpenedWork, openForWork, openJob, openOutcome, type SealedJob, sealedJob } from './jobs/sealed-job.ts';
import { paths, SYSTEM_TENANT } from './paths.ts';
import { createGateStore, type GateStore } from './reports/gates.ts';
import { createManifests, type Manifests } from './reports/manifests.ts';
import { createUsageStore, type UsageStore } from './reports/usage.ts';
import { assertKeysKept, hasSealed } from './sealed-before.ts';
import { expiringEndpoints } from './tenants/expiring-endpoints.ts';
import { createIdempotency, type Idempotency } from './tenants/idempotency.ts';
import { createIdempotencyCache, type IdempotencyCache } from './tenants/idempotency-cache.ts';
import { createKeyUsage, type KeyUsage } from './tenants/key-usage.ts';
import { createRecords } from './tenants/records.ts';
import type { Registry } from './tenants/registry.ts';
import { noObjectSources, type ObjectSources } from './uploads/object-sources.ts';
import { createUploads, type Uploads } from './uploads/uploads.ts';

export interface Ledger extends Registry {
  /** Makes a job's key and opens the job for its submit. */
  startJob(tenant: string, job: JobId): Promise<SealedJob>;
  /** The same for an id that nobody else knows. Its pictures may be written while `keep` writes the key, its request may not. */
  startUnseenJob(tenant: string, job: JobId): Promise<{ sealed: SealedJob; keep(): Promise<void> }>;
  /**
   * null when the job never existed or was never committed. Nothing of an erased job can be read. Throws DefectError
   * `job_key_missing` when the job was committed and its key is not there.
   */
  openJob(tenant: string, job: JobId): Promise<SealedJob | null>;
  /**
   * For a caller that writes to the job and checks for an erasure once, after all its writes. null when there is no work:
   * never committed, or erased. Throws DefectError `job_key_missing` or `job_request_missing` when the store lost one.
   * @param ahead sides whose pictures are read together with the rest.
   */
  openForWork(tenant: string, job: JobId, ahead?: readonly Side[]): Promise<OpenedWork | null>;
  /** null when the job never existed, is erased, or its generation is not decided. */
  openOutcome(tenant: string, job: JobId, generation: number): Promise<{ sealed: SealedJob; outcome: Outcome } | null>;
  inventory(tenant: string, job: JobId): Promise<Inventory>;
  deleteImages(tenant: string, job: JobId, kinds: readonly ('front' | 'back')[]): Promise<void>;
  /**
   * Ends the time in which a job may be tried again. False, and nothing has ended, when a generation is open. Who closes
   * declares it and then looks for generations; who opens one looks afterwards: one of the two sees the other.
   */
  closeRetryWindow(tenant: string, job: JobId): Promise<boolean>;
  markers: Markers;
  pendingSubmissions: PendingSubmissions;
  deliveries: Deliveries;
  notices: Notices;
  recoveries: Recoveries;
  idempotency: Idempotency;
  idempotencyCache: IdempotencyCache;
  listing: Listing;
  schedule: Schedule;
  erasures: Erasures;
  receipts: Receipts;
  manifests: Manifests;
  uploads: Uploads;
  batches: Batches;
  objectSources: ObjectSources;
  usage: UsageStore;
  gates: GateStore;
  keyUsage: KeyUsage;
  audit: AuditLog;
  keys: KeyRotation;
  /** 32 bytes of the house's own for one purpose, the same in every process. */
  systemSecret(purpose: string): Promise<Buffer>;
  /**
   * Throws DefectError `store_ignores_conditions` when the store lets two writers win, and `store_keeps_deleted` when
   * objects are still there after it confirmed their deletion.
   */
  checkStore(): Promise<void>;
  /** Throws ConfigurationError when the bucket of keys is empty, or another one than the records were sealed with. */
  checkKeys(): Promise<void>;
}

export interface LedgerSettings {
  store: ObjectStore;
  /** Where wrapped keys lie; the same store unless configured apart. */
  keyStore?: ObjectStore;
  master: MasterKey;
  clock?: Clock;
  /** None unless given. */
  objectSources?: ObjectSources;
}

export function createLedger({
  store,
  keyStore = store,
  master,
  clock = systemClock,
  objectSources = noObjectSources,
}: LedgerSettings): Ledger {
  const keyring = createKeyring(keyStore, master, clock, (tenant) => hasSealed(store, keyStore, tenant));
  const context = { store, keyring, clock };
  return {
    endpoints: expiringEndpoints(createRecords(context, 'endpoints'), clock),
    apiKeys: createRecords(context, 'api-keys'),
    tenants: createRecords(context, 'tenants'),
    admins: createRecords(context, 'admins'),
    endedSessions: createRecords(context, 'ended-sessions'),
    bulkRetries: createRecords(context, 'bulk-retries'),
    startJob: async (tenant, job) => sealedJob(store, tenant, job, await keyring.makeJobKey(tenant, job)),
    async startUnseenJob(tenant, job) {
      const { key, keep } = await keyring.newJobKey(tenant, job);
      return { sealed: sealedJob(store, tenant, job, key, { looks: false }), keep };
    },
    openJob: (tenant, job) => openJob(store, keyring, tenant, job),
    openForWork: (tenant, job, ahead) => openForWork(store, keyring, tenant, job, ahead),
    openOutcome: (tenant, job, generation) => openOutcome(store, keyring, tenant, job, generation),
    inventory: (tenant, job) => takeInventory(store, tenant, job),
    deleteImages: (tenant, job, sides) => store.delete(sides.map((side) => paths.image(tenant, job, side))),
    async closeRetryWindow(tenant, job) {
      await store.put(paths.windowClosed(tenant, job), Buffer.alloc(0));
      if ((await takeInventory(store, tenant, job)).open.length === 0) return true;
      await store.delete([paths.windowClosed(tenant, job)]);
      return false;
    },
    markers: createMarkers(store, keyring),
    pendingSubmissions: createPendingSubmissions(store, keyring),
    deliveries: createDeliveries(store, keyring),
    notices: createNotices(store, keyring),
    recoveries: createRecoveries(store),
    idempotency: createIdempotency(store, keyring),
    idempotencyCache: createIdempotencyCache(store, keyring, clock),
    listing: createListing(store, keyring, clock),
    schedule: createSchedule(store),
    erasures: createErasures(store, keyring),
    receipts: createReceipts(keyring),
    manifests: createManifests(store),
    uploads: createUploads(store, keyring),
    batches: createBatches(store, keyring),
    objectSources,
    usage: createUsageStore(store),
    gates: createGateStore(store),
    keyUsage: createKeyUsage(store, keyring),
    audit: createAuditLog({ store, clock, ...systemSeal(keyring) }),
    keys: createKeyRotation({
      isErased: async (tenant, job) => (await store.get(paths.tombstone(tenant, job as JobId))) !== null,
      keyStore,
      keyring,
      master,
    }),
    systemSecret: (purpose) =>
      keyring.withLookupKey(SYSTEM_TENANT, (key) => Buffer.from(hkdfSync('sha256', key, '', purpose, 32))),
    checkKeys: () => assertKeysKept(store, keyStore),
    async checkStore() {
      await checkBucket(store, clock);
      if (keyStore !== store) await checkBucket(keyStore, clock);
    },
  };
}

/** What operators write is sealed like what customers send, under the key of the house. */
function systemSeal(keyring: Keyring) {
  const context = (subject: string) => ({ tenant: SYSTEM_TENANT, subject, kind: 'audit' });
  return {
    seal: (subject: string, plain: Buffer) => keyring.seal(SYSTEM_TENANT, context(subject), plain),
    open: (subject: string, sealed: Buffer) => keyring.open(SYSTEM_TENANT, context(subject), sealed),
  };
}

/** What the ledger relies on and some stores lack: a conditional write has one winner, and deleted objects are gone. */
async function checkBucket(store: ObjectStore, clock: Clock): Promise<void> {
  const probe = `probe/${clock.now()}-${randomUUID()}`;
  const probes = [probe, `${probe}-b`];
  const first = await store.create(probe, Buffer.from('first'));
  const second = await store.create(probe, Buffer.from('second'));
  await store.put(probes[1]!, Buffer.from('b'));
  // Two objects at once: many stores treat that request differently from the deletion of one.
  await store.delete(probes);
  const left = await Promise.all(probes.map((name) => store.get(name)));
  if (!first || second) throw new DefectError('store_ignores_conditions');
  if (left.some((body) => body !== null)) throw new DefectError('store_keeps_deleted');
}
