/**
 * Notices: events that are not the outcome of a job (the end of a batch, an erasure, a change of an endpoint's
 * health). Their bytes are stored here, sealed with the tenant's key. They contain ids and states only and are equal
 * in every payload mode. An empty object next to each carries its time and type in its name, so that a list and a
 * sweep read names only.
 */

import { listAll, type ObjectStore } from '@cardseal/object-store';
import type { Keyring } from '@cardseal/sealing';
import { type NoticeId, parseNoticed, paths } from '../paths.ts';

interface Notice {
  v: 1;
  /** The `webhook-id`. */
  eventId: string;
  type: string;
  atMs: number;
  /** The exact bytes of the event. */
  body: string;
}

export interface Notices {
  /** Returns false when the notice exists. Its first bytes stay. */
  create(tenant: string, id: NoticeId, notice: Notice): Promise<boolean>;
  get(tenant: string, id: NoticeId): Promise<Notice | null>;
  /**
   * Newest first, at or before `beforeMs`; `cursor` continues after a name. A notice that was created twice may be
   * listed twice.
   */
  page(tenant: string, beforeMs: number, cursor: string | null, limit: number): Promise<NoticePage>;
  /**
   * Deletes its bytes, its attempts and markers at these endpoints, and its name last, so that a sweep finds it again
   * after a crash.
   */
  remove(tenant: string, named: NoticeName, endpoints: readonly string[]): Promise<void>;
}

interface NoticeName {
  /** A cursor that continues after this name. */
  name: string;
  notice: NoticeId;
  type: string;
  atMs: number;
}

interface NoticePage {
  notices: NoticeName[];
  next: string | null;
}

export function createNotices(store: ObjectStore, keyring: Keyring): Notices {
  const context = (tenant: string, id: NoticeId) => ({ tenant, subject: id, kind: 'notice' });

  async function get(tenant: string, id: NoticeId): Promise<Notice | null> {
    const sealed = await store.get(paths.notice(tenant, id));
    if (!sealed) return null;
    return JSON.parse((await keyring.open(tenant, context(tenant, id), sealed)).toString()) as Notice;
  }

  return {
    get,
    async page(tenant, beforeMs, cursor, limit) {
      const prefix = paths.noticed(tenant);
      const startAfter = cursor === null ? paths.noticedBefore(tenant, beforeMs) : prefix + cursor;
      const { keys, next } = await store.list(prefix, { startAfter, limit });
      const notices = keys.flatMap((key) => {
        const parts = parseNoticed(key);
        return parts ? [{ name: key.slice(prefix.length), ...parts }] : [];
      });
      return { notices, next: next?.slice(prefix.length) ?? null };
    },
    async remove(tenant, { name, notice }, endpoints) {
      const [tries, owed] = await Promise.all([
        listAll(store, paths.deliveriesOf(tenant, notice)),
        listAll(store, paths.undeliveredOf(tenant, notice)),
      ]);
      const parked = endpoints.map((endpoint) => paths.parked({ tenant, job: notice, generation: 1, endpoint }));
      await store.delete([...owed, ...parked, ...tries, paths.notice(tenant, notice)]);
      await store.delete([paths.noticed(tenant) + name]);
    },
    async create(tenant, id, notice) {
      await store.put(paths.noticedAt(tenant, notice.atMs, id, notice.type), Buffer.alloc(0));
      const plain = Buffer.from(JSON.stringify(notice));
      const sealed = await keyring.seal(tenant, context(tenant, id), plain);
      return store.create(paths.notice(tenant, id), sealed);
    },
  };
}
