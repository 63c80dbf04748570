/** Markers: the work in flight, as names. They are all that the reconciler ever walks. */
import { randomBytes } from 'node:crypto';
import type { JobId } from '../job/index.ts';
import { type DeliveryRef, parseDelivery, parsePending, paths } from './paths.ts';
import { listAll, type ObjectStore, walk } from './store/object-store.ts';

export interface PendingMarker {
  tenant: string;
  job: JobId;
  generation: number;
}

export interface Markers {
  /** Opens a generation. False when another caller opened it. */
  openGeneration(tenant: string, job: JobId, generation: number): Promise<boolean>;
  /** Closes that generation, never another. */
  closeGeneration(tenant: string, job: JobId, generation: number): Promise<void>;
  pending(): AsyncGenerator<PendingMarker>;
  owe(ref: DeliveryRef): Promise<void>;
  settle(ref: DeliveryRef): Promise<void>;
  undelivered(): AsyncGenerator<DeliveryRef>;
  undeliveredOf(tenant: string, job: JobId): Promise<DeliveryRef[]>;
}

export function createMarkers(store: ObjectStore): Markers {
  return {
    openGeneration: (tenant, job, generation) => store.create(paths.pending(tenant, job, generation), randomBytes(16)),
    closeGeneration: (tenant, job, generation) => store.delete([paths.pending(tenant, job, generation)]),
    async *pending() {
      for await (const key of walk(store, paths.allPending)) {
        const marker = parsePending(key);
        if (marker) yield marker;
      }
    },
    owe: (ref) => store.put(paths.undelivered(ref), Buffer.alloc(0)),
    settle: (ref) => store.delete([paths.undelivered(ref)]),
    async *undelivered() {
      for await (const key of walk(store, paths.allUndelivered)) {
        const ref = parseDelivery(key);
        if (ref) yield ref;
      }
    },
    undeliveredOf: async (tenant, job) =>
      (await listAll(store, paths.undeliveredOf(tenant, job))).map(parseDelivery).filter((ref) => ref !== null),
  };
}
