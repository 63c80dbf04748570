/** The record of every try of every delivery: when, status, latency, class; nothing personal, so not sealed. */
import type { JobId } from '../job/index.ts';
import { type DeliveryRef, parseDelivery, paths } from './paths.ts';
import { listAll, type ObjectStore } from './store/object-store.ts';

export interface TryRecord {
  atMs: number;
  /** The closed set of the webhook room: `delivered`, `timeout`, … */
  class: string;
  status: number | null;
  latencyMs: number;
  /** When the next try is due; null after the last one. */
  nextAtMs: number | null;
}

export interface DeliveryRecord {
  ref: DeliveryRef;
  tries: number;
  last: TryRecord | null;
}

export interface Deliveries {
  /** False when that try is on record already. */
  record(ref: DeliveryRef, attempt: number, record: TryRecord): Promise<boolean>;
  read(ref: DeliveryRef): Promise<DeliveryRecord>;
  /** Every delivery of a job that has at least one try. */
  ofJob(tenant: string, job: JobId): Promise<DeliveryRecord[]>;
}

export function createDeliveries(store: ObjectStore): Deliveries {
  async function summary(ref: DeliveryRef, names: readonly string[]): Promise<DeliveryRecord> {
    const lastName = names.at(-1);
    const body = lastName === undefined ? null : await store.get(lastName);
    return { ref, tries: names.length, last: body && (JSON.parse(body.toString()) as TryRecord) };
  }
  return {
    record: (ref, attempt, record) =>
      store.create(paths.deliveryTry(ref, attempt), Buffer.from(JSON.stringify(record))),
    read: async (ref) => summary(ref, await listAll(store, paths.delivery(ref))),
    ofJob: async (tenant, job) => {
      const byDelivery = Map.groupBy(await listAll(store, paths.deliveriesOf(tenant, job)), (name) =>
        name.slice(0, name.lastIndexOf('/')),
      );
      return Promise.all([...byDelivery.values()].map((names) => summary(parseDelivery(names[0]!)!, names)));
    },
  };
}
