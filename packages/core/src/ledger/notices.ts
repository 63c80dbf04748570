/**
 * Notices: events that are not a job's outcome (a batch's end, an erasure, an endpoint's change of health). Their bytes
 * are kept here, sealed with the tenant's key, and hold ids and states only: they go out alike in every payload mode.
 */
import type { Keyring } from './keyring.ts';
import { type NoticeId, paths } from './paths.ts';
import type { ObjectStore } from './store/object-store.ts';

export interface Notice {
  v: 1;
  /** The `webhook-id`. */
  eventId: string;
  type: string;
  atMs: number;
  /** The exact bytes of the event. */
  body: string;
}

export interface Notices {
  /** The notice that stands: ours, or the one that another writer made first. */
  create(tenant: string, id: NoticeId, notice: Notice): Promise<Notice>;
  get(tenant: string, id: NoticeId): Promise<Notice | null>;
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
    async create(tenant, id, notice) {
      const plain = Buffer.from(JSON.stringify(notice));
      const sealed = await keyring.seal(tenant, context(tenant, id), plain);
      if (await store.create(paths.notice(tenant, id), sealed)) return notice;
      return (await get(tenant, id)) ?? notice;
    },
  };
}
