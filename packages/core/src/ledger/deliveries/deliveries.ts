/**
 * The record of every attempt of every delivery: time, status, latency, class. It contains no personal data in the
 * clear: the start of the receiver's response is sealed with the key of the job, so that erasure covers it.
 */
import { TransientError } from '@cardseal/base/errors';
import { listAll, type ObjectStore } from '@cardseal/object-store';
import type { Keyring } from '@cardseal/sealing';
import { open, type SealContext, seal } from '@cardseal/sealing';
import type { JobId } from '../../job/index.ts';
import { type DeliveryRef, isNoticeId, type NoticeId, parseDelivery, paths } from '../paths.ts';

export interface DeliveryAttempt {
  atMs: number;
  /**
   * A class of the package `webhook` (`delivered`, `timeout` …), or `resent`, which is no attempt but starts a fresh
   * budget.
   */
  class: string;
  status: number | null;
  latencyMs: number;
  /** When the next attempt is due; null after the last one. */
  nextAtMs: number | null;
  /** The number of the attempt within its budget, from 1; 0 for `resent`. */
  attempt: number;
  /** Until when the response's `Retry-After` holds the whole endpoint, epoch milliseconds. */
  heldUntilMs?: number;
  /** The response has a status, but its body did not end as its headers say, or not in time. */
  brokenBody?: true;
  /** The start of the response body, sealed, in base64. */
  answer?: string;
}

/** An attempt as it is read back; `answer` in the clear. */
export interface StoredDeliveryAttempt extends Omit<DeliveryAttempt, 'answer'> {
  number: number;
  answer: Buffer | null;
}

export interface DeliveryRecord {
  ref: DeliveryRef;
  /** Attempts so far, without resends. */
  tries: number;
  /** Stored entries, with resends. The next entry gets this number plus one. */
  entries: number;
  last: DeliveryAttempt | null;
}

export interface Deliveries {
  /** Records an attempt after the stored ones. Concurrent writers get different numbers. */
  record(before: DeliveryRecord, record: Omit<DeliveryAttempt, 'answer'>, answer?: Buffer): Promise<void>;
  read(ref: DeliveryRef): Promise<DeliveryRecord>;
  /** Every delivery of a job that has at least one attempt. */
  ofJob(tenant: string, job: JobId): Promise<DeliveryRecord[]>;
  /** Every delivery of a job that is due or has an attempt. */
  refsOf(tenant: string, job: JobId): Promise<DeliveryRef[]>;
  /** The name of the newest entry of each delivery of a job. */
  newestNames(tenant: string, job: JobId | NoticeId): Promise<{ ref: DeliveryRef; name: string }[]>;
  /** All entries of one delivery, oldest first. */
  tries(ref: DeliveryRef): Promise<StoredDeliveryAttempt[]>;
  /** A page of names of a tenant's deliveries with attempts, in the order of their names. */
  page(tenant: string, after: string | undefined, limit: number): Promise<{ refs: DeliveryRef[]; next: string | null }>;
}

const RESENT = '.resent';
const RACES = 8;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one store: its operations share how a delivery is sealed.
export function createDeliveries(store: ObjectStore, keyring: Keyring): Deliveries {
  async function summary(ref: DeliveryRef, names: readonly string[]): Promise<DeliveryRecord> {
    const lastName = names.at(-1);
    const body = lastName === undefined ? null : await store.get(lastName);
    const tries = names.filter((name) => !name.endsWith(RESENT)).length;
    return { ref, tries, entries: names.length, last: body && (JSON.parse(body.toString()) as DeliveryAttempt) };
  }

  /** null when the key of the job is deleted. Then the response may not be stored. */
  async function sealFor({ tenant, job }: DeliveryRef, context: SealContext, plain: Buffer): Promise<Buffer | null> {
    if (isNoticeId(job)) return keyring.seal(tenant, context, plain);
    const key = await keyring.jobKey(tenant, job);
    return key && seal(key, context, plain);
  }

  async function sealAnswer(ref: DeliveryRef, number: number, answer: Buffer | undefined) {
    if (!answer || answer.length === 0) return {};
    const sealed = await sealFor(ref, sealContext(ref, number), answer);
    return sealed ? { answer: sealed.toString('base64') } : {};
  }

  async function openAnswer(ref: DeliveryRef, number: number, answer: string | undefined): Promise<Buffer | null> {
    if (answer === undefined) return null;
    const [context, sealed] = [sealContext(ref, number), Buffer.from(answer, 'base64')];
    if (isNoticeId(ref.job)) return keyring.open(ref.tenant, context, sealed);
    const key = await keyring.jobKey(ref.tenant, ref.job);
    return key && open(key, context, sealed);
  }

  return {
    async record({ ref, entries }, record, answer) {
      for (let number = entries + 1; number <= entries + RACES; number++) {
        const body = Buffer.from(JSON.stringify({ ...record, ...(await sealAnswer(ref, number, answer)) }));
        const name = paths.deliveryAttempt(ref, number) + (record.class === 'resent' ? RESENT : '');
        if (await store.create(name, body)) return;
      }
      throw new TransientError('delivery_record_busy');
    },
    read: async (ref) => summary(ref, await listAll(store, paths.delivery(ref))),
    ofJob: async (tenant, job) => {
      const byDelivery = Map.groupBy(await listAll(store, paths.deliveriesOf(tenant, job)), (name) =>
        name.slice(0, name.lastIndexOf('/')),
      );
      return Promise.all([...byDelivery.values()].map((names) => summary(parseDelivery(names[0]!)!, names)));
    },
    async refsOf(tenant, job) {
      const names = await Promise.all([
        listAll(store, paths.deliveriesOf(tenant, job)),
        listAll(store, paths.undeliveredOf(tenant, job)),
      ]);
      const refs = names.flat().map(parseDelivery);
      return [...new Map(refs.filter((ref) => ref !== null).map((ref) => [paths.delivery(ref), ref])).values()];
    },
    newestNames: async (tenant, job) => newestOfEach(await listAll(store, paths.deliveriesOf(tenant, job))),
    async tries(ref) {
      const names = await listAll(store, paths.delivery(ref));
      return Promise.all(
        names.map(async (name) => {
          const number = Number(/\/(\d+)(?:\.resent)?$/.exec(name)?.[1]);
          const { answer, ...record } = JSON.parse((await store.get(name))!.toString()) as DeliveryAttempt;
          return { ...record, number, answer: await openAnswer(ref, number, answer) };
        }),
      );
    },
    async page(tenant, after, limit) {
      const prefix = paths.deliveriesOfTenant(tenant);
      const found = new Map<string, DeliveryRef>();
      let from = after === undefined ? undefined : `${prefix}${after}/~`;
      for (;;) {
        const { keys, next } = await store.list(prefix, { startAfter: from });
        for (const key of keys) {
          const name = key.slice(prefix.length, key.lastIndexOf('/'));
          if (!found.has(name) && found.size === limit)
            return { refs: [...found.values()], next: [...found.keys()].at(-1)! };
          found.set(name, parseDelivery(key)!);
        }
        if (next === null) return { refs: [...found.values()], next: null };
        from = next;
      }
    },
  };
}

function sealContext(ref: DeliveryRef, number: number) {
  return { tenant: ref.tenant, subject: ref.job, kind: `answer.${ref.generation}.${ref.endpoint}.${number}` };
}

/** @param names in ascending order. */
export function newestOfEach(names: readonly string[]): { ref: DeliveryRef; name: string }[] {
  const newest = new Map(names.map((name) => [name.slice(0, name.lastIndexOf('/')), name]));
  return [...newest.values()].map((name) => ({ ref: parseDelivery(name)!, name }));
}
