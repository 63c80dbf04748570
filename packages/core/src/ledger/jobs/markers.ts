/** Markers: the work in flight, as names. The reconciler scans nothing else. */
import { randomBytes } from 'node:crypto';
import { listAll, type ObjectStore, scan } from '@cardseal/object-store';
import type { Keyring } from '@cardseal/sealing';
import type { JobId } from '../../job/index.ts';
import { type DeliveryRef, type PendingMarker, parseDelivery, parsePending, paths } from '../paths.ts';
import { referenceMac } from './reference-mac.ts';

export interface Markers {
  /** Opens a generation and lists it as open. Returns false when another caller opened it. */
  openGeneration(tenant: string, job: JobId, generation: number, reference: string | null): Promise<boolean>;
  /**
   * Opens the first generation for a submit. Returns false when an earlier submit of the same job opened it; its
   * marker is renewed then.
   */
  openSubmit(tenant: string, job: JobId, reference: string | null): Promise<boolean>;
  /** Closes this generation and no other. */
  closeGeneration(tenant: string, job: JobId, generation: number, reference: string | null): Promise<void>;
  close(marker: PendingMarker): Promise<void>;
  pending(): AsyncGenerator<PendingMarker>;
  /** Open generations of the tenant, oldest job first. */
  oldestPending(tenant: string, limit: number): Promise<PendingMarker[]>;
  /** The number of open generations of the tenant; counting stops at `atMost`. */
  countPending(tenant: string, atMost: number): Promise<number>;
  owe(ref: DeliveryRef): Promise<void>;
  settle(ref: DeliveryRef): Promise<void>;
  /**
   * A person asked for an immediate attempt. The marker exists until an attempt follows, even if Redis loses the job.
   */
  askAgain(ref: DeliveryRef): Promise<void>;
  askedAgain(): AsyncGenerator<DeliveryRef>;
  forgetAsked(ref: DeliveryRef): Promise<void>;
  undelivered(): AsyncGenerator<DeliveryRef>;
  undeliveredOf(tenant: string, job: JobId): Promise<DeliveryRef[]>;
  /**
   * One page of a tenant's undelivered events, in the order of their names; `after` is the last name of the page
   * before.
   */
  undeliveredPage(tenant: string, after: string | undefined, limit: number): Promise<DeliveryPage>;
  /** Keeps the delivery of a disabled endpoint until a person asks for it, and stops its attempts. */
  park(ref: DeliveryRef): Promise<void>;
  unpark(ref: DeliveryRef): Promise<void>;
  isParked(ref: DeliveryRef): Promise<boolean>;
  isOwed(ref: DeliveryRef): Promise<boolean>;
  parkedOfJob(tenant: string, endpoint: string, job: JobId): Promise<DeliveryRef[]>;
  parked(tenant: string, endpoint: string): AsyncGenerator<DeliveryRef>;
  /** For a deleted endpoint, whose parked deliveries no client can request any more. Returns their number. */
  forgetParked(tenant: string, endpoint: string): Promise<number>;
}

interface DeliveryPage {
  refs: DeliveryRef[];
  next: string | null;
}

export function createMarkers(store: ObjectStore, keyring: Keyring): Markers {
  const pending = async (tenant: string, job: JobId, generation: number, reference: string | null) =>
    paths.pending(tenant, job, generation, await referenceMac(keyring, tenant, reference));

  return {
    openGeneration: async (...generation) => store.create(await pending(...generation), randomBytes(16)),
    async openSubmit(tenant, job, reference) {
      const name = await pending(tenant, job, 1, reference);
      if (await store.create(name, randomBytes(16))) return true;
      await store.put(name, randomBytes(16));
      return false;
    },
    closeGeneration: async (...generation) => store.delete([await pending(...generation)]),
    close: ({ tenant, job, generation, reference }) =>
      store.delete([paths.pending(tenant, job, generation, reference)]),
    async *pending() {
      for await (const key of scan(store, paths.allPending)) {
        const marker = parsePending(key);
        if (marker) yield marker;
      }
    },
    async oldestPending(tenant, limit) {
      const { keys } = await store.list(paths.pendingOfTenant(tenant), { limit });
      return keys.map(parsePending).filter((marker) => marker !== null);
    },
    async countPending(tenant, atMost) {
      let count = 0;
      for await (const _key of scan(store, paths.pendingOfTenant(tenant))) if (++count >= atMost) break;
      return count;
    },
    owe: (ref) => store.put(paths.undelivered(ref), Buffer.alloc(0)),
    settle: (ref) => store.delete([paths.undelivered(ref)]),
    askAgain: (ref) => store.put(paths.askedAgain(ref), Buffer.alloc(0)),
    async *askedAgain() {
      for await (const key of scan(store, paths.allAskedAgain)) {
        const ref = parseDelivery(key);
        if (ref) yield ref;
      }
    },
    forgetAsked: (ref) => store.delete([paths.askedAgain(ref)]),
    async *undelivered() {
      for await (const key of scan(store, paths.allUndelivered)) {
        const ref = parseDelivery(key);
        if (ref) yield ref;
      }
    },
    undeliveredOf: async (tenant, job) =>
      (await listAll(store, paths.undeliveredOf(tenant, job))).map(parseDelivery).filter((ref) => ref !== null),
    async undeliveredPage(tenant, after, limit) {
      const prefix = paths.undeliveredOfTenant(tenant);
      const page = await store.list(prefix, { startAfter: after && prefix + after, limit });
      const refs = page.keys.map(parseDelivery).filter((ref) => ref !== null);
      return { refs, next: page.next?.slice(prefix.length) ?? null };
    },
    async park(ref) {
      // Park before settling: a crash between the two leaves both markers, and the next worker parks again.
      await store.put(paths.parked(ref), Buffer.alloc(0));
      await store.delete([paths.undelivered(ref)]);
    },
    unpark: (ref) => store.delete([paths.parked(ref)]),
    isParked: async (ref) => (await store.get(paths.parked(ref))) !== null,
    isOwed: async (ref) => (await store.get(paths.undelivered(ref))) !== null,
    parkedOfJob: async (tenant, endpoint, job) =>
      (await listAll(store, `${paths.parkedOf(tenant, endpoint)}${job}.`))
        .map(parseDelivery)
        .filter((ref) => ref !== null),
    async forgetParked(tenant, endpoint) {
      const names = await listAll(store, paths.parkedOf(tenant, endpoint));
      await store.delete(names);
      return names.length;
    },
    async *parked(tenant, endpoint) {
      for await (const key of scan(store, paths.parkedOf(tenant, endpoint))) {
        const ref = parseDelivery(key);
        if (ref) yield ref;
      }
    },
  };
}
