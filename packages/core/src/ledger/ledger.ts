/**
 * The ledger: the only source of truth about jobs, in an object store. Objects are written once, conditionally, and
 * never changed. The tenant is the first argument of every call.
 */

import { hkdfSync, randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '@cardseal/base/clock';
import { DefectError } from '@cardseal/base/errors';
import type { ObjectStore } from '@cardseal/object-store';
import type { MasterKey } from '@cardseal/sealing';
import { createKeyRotation, createKeyring, type Keyring } from '@cardseal/sealing';
import type { JobId } from '../job/index.ts';
import { createAuditLog } from './audit/index.ts';
import { createBatches } from './batches/batches.ts';
import { createDeliveries } from './deliveries/deliveries.ts';
import { createNotices } from './deliveries/notices.ts';
import { createRecoveries } from './deliveries/recoveries.ts';
import { createErasures } from './jobs/erasures.ts';
import { takeInventory } from './jobs/inventory.ts';
import { createListing } from './jobs/listing.ts';
import { createMarkers } from './jobs/markers.ts';
import { createPendingSubmissions } from './jobs/pending-submissions.ts';
import { createReceipts } from './jobs/receipts.ts';
import { createSchedule } from './jobs/schedule.ts';
import { openForWork, openJob, openOutcome, sealedJob } from './jobs/sealed-job.ts';
import { paths, SYSTEM_TENANT } from './paths.ts';
import { createGateStore } from './reports/gates.ts';
import { createManifests } from './reports/manifests.ts';
import { createUsageStore } from './reports/usage.ts';
import { assertKeysKept, hasSealed } from './sealed-before.ts';
import type {
  DeliveryStores,
  IntakeStores,
  JobStores,
  KeyStores,
  OperatorStores,
  ReportStores,
  TenantStores,
} from './stores.ts';
import { expiringEndpoints } from './tenants/expiring-endpoints.ts';
import { createIdempotency } from './tenants/idempotency.ts';
import { createIdempotencyCache } from './tenants/idempotency-cache.ts';
import { createKeyUsage } from './tenants/key-usage.ts';
import { createRecords } from './tenants/records.ts';
import { noObjectSources, type ObjectSources } from './uploads/object-sources.ts';
import { createUploads } from './uploads/uploads.ts';

export interface Ledger {
  jobs: JobStores;
  intake: IntakeStores;
  deliveries: DeliveryStores;
  tenants: TenantStores;
  operators: OperatorStores;
  reports: ReportStores;
  keys: KeyStores;
  /**
   * Throws DefectError `store_ignores_conditions` when the store lets two writers win, and `store_keeps_deleted` when
   * objects are still there after it confirmed their deletion.
   */
  checkStore(): Promise<void>;
}

export interface LedgerSettings {
  store: ObjectStore;
  /** Where wrapped keys are stored; the same store by default. */
  keyStore?: ObjectStore;
  master: MasterKey;
  clock?: Clock;
  /** No customer buckets by default. */
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
  const parts = { store, keyStore, keyring, clock };
  const context = { store, keyring, clock };
  return {
    jobs: jobStores(parts),
    intake: {
      batches: createBatches(store, keyring),
      uploads: createUploads(store, keyring),
      objectSources,
      idempotency: createIdempotency(store, keyring),
      idempotencyCache: createIdempotencyCache(store, keyring, clock),
    },
    deliveries: {
      records: createDeliveries(store, keyring),
      notices: createNotices(store, keyring),
      recoveries: createRecoveries(store),
    },
    tenants: {
      records: createRecords(context, 'tenants'),
      endpoints: expiringEndpoints(createRecords(context, 'endpoints'), clock),
      apiKeys: createRecords(context, 'api-keys'),
      keyUsage: createKeyUsage(store, keyring),
    },
    operators: {
      admins: createRecords(context, 'admins'),
      endedSessions: createRecords(context, 'ended-sessions'),
      bulkRetries: createRecords(context, 'bulk-retries'),
      audit: createAuditLog({ store, clock, ...systemSeal(keyring) }),
    },
    reports: { manifests: createManifests(store), usage: createUsageStore(store), gates: createGateStore(store) },
    keys: keyStores(parts, master),
    async checkStore() {
      await checkBucket(store, clock);
      if (keyStore !== store) await checkBucket(keyStore, clock);
    },
  };
}

interface Parts {
  store: ObjectStore;
  keyStore: ObjectStore;
  keyring: Keyring;
  clock: Clock;
}

function jobStores({ store, keyring, clock }: Parts): JobStores {
  return {
    start: async (tenant, job) => sealedJob(store, tenant, job, await keyring.makeJobKey(tenant, job)),
    async startUnseen(tenant, job) {
      const { key, keep } = await keyring.newJobKey(tenant, job);
      return { sealed: sealedJob(store, tenant, job, key, { looks: false }), keep };
    },
    open: (tenant, job) => openJob(store, keyring, tenant, job),
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
    listing: createListing(store, keyring, clock),
    schedule: createSchedule(store),
    erasures: createErasures(store, keyring),
    receipts: createReceipts(keyring),
  };
}

function keyStores({ store, keyStore, keyring }: Parts, master: MasterKey): KeyStores {
  const rotation = createKeyRotation({
    isErased: async (tenant, job) => (await store.get(paths.tombstone(tenant, job as JobId))) !== null,
    keyStore,
    keyring,
    master,
  });
  return {
    ...rotation,
    systemSecret: (purpose) =>
      keyring.withLookupKey(SYSTEM_TENANT, (key) => Buffer.from(hkdfSync('sha256', key, '', purpose, 32))),
    check: () => assertKeysKept(store, keyStore),
  };
}

/** Seals what operators write with the key of the system tenant, as customers' data is sealed with theirs. */
function systemSeal(keyring: Keyring) {
  const context = (subject: string) => ({ tenant: SYSTEM_TENANT, subject, kind: 'audit' });
  return {
    seal: (subject: string, plain: Buffer) => keyring.seal(SYSTEM_TENANT, context(subject), plain),
    open: (subject: string, sealed: Buffer) => keyring.open(SYSTEM_TENANT, context(subject), sealed),
  };
}

/** Checks what some stores lack: a conditional write has one winner, and deleted objects are gone. */
async function checkBucket(store: ObjectStore, clock: Clock): Promise<void> {
  const probe = `probe/${clock.now()}-${randomUUID()}`;
  const probes = [probe, `${probe}-b`];
  const first = await store.create(probe, Buffer.from('first'));
  const second = await store.create(probe, Buffer.from('second'));
  await store.put(probes[1]!, Buffer.from('b'));
  // Two objects at once: many stores handle that request differently from the deletion of one.
  await store.delete(probes);
  const left = await Promise.all(probes.map((name) => store.get(name)));
  if (!first || second) throw new DefectError('store_ignores_conditions');
  if (left.some((body) => body !== null)) throw new DefectError('store_keeps_deleted');
}
