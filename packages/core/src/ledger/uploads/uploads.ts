/**
 * Pictures that were sent ahead: sealed a chunk at a time while they stream in, under a key of their own, and taken
 * over by a job later. Several may be sent to one place at once: each writes under names of its own, and the one that
 * ends the upload first is the picture. An erased job takes the uploads with it that its pictures came from; the rest is
 * swept a day after.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { listAll, type ObjectStore, scan } from '@cardseal/object-store';
import type { Keyring } from '@cardseal/sealing';
import { open, seal } from '@cardseal/sealing';
import { decodeTime } from 'ulid';
import type { JobId } from '../../job/index.ts';

export type UploadId = `upl_${string}`;

export interface UploadWriter {
  /** Chunks of any length, in order. */
  write(chunk: Uint8Array): Promise<void>;
  /** The commit. False when the upload was completed before; what was written here is removed then. */
  complete(): Promise<boolean>;
  /** Removes what was written here, instead of completing it. */
  abandon(): Promise<void>;
}

export interface Uploads {
  /** Hex HMAC that stands for the tenant's consent to what is signed. */
  sign(tenant: string, text: string): Promise<string>;
  /** null when the upload was completed or dropped before. It is kept for a day from `nowMs`. */
  writer(tenant: string, id: UploadId, nowMs: number): Promise<UploadWriter | null>;
  isComplete(tenant: string, id: UploadId): Promise<boolean>;
  /** null when there is no such upload, or it is not complete. */
  read(tenant: string, id: UploadId): Promise<Buffer | null>;
  /** Nothing that was sent, or is being sent, can be opened afterwards, and nothing more is taken. Idempotent. */
  drop(tenant: string, id: UploadId): Promise<void>;
  /** Removes uploads that nobody has begun to send since; returns how many. */
  sweep(beforeMs: number): Promise<number>;
}

/** Whose chunks are the picture, and how many there are. */
interface End {
  writer: string;
  chunks: number;
}

const folder = (tenant: string, id: UploadId) => `uploads/${tenant}/${id}/`;
const ID = /^uploads\/([^/]+)\/(upl_[0-9A-Z]{26})\//;

export function isUploadId(text: string): text is UploadId {
  return /^upl_[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text);
}

export function createUploads(store: ObjectStore, keyring: Keyring): Uploads {
  const chunkName = (tenant: string, id: UploadId, writer: string, at: number) =>
    `${folder(tenant, id)}${writer}.${String(at).padStart(5, '0')}`;
  const endName = (tenant: string, id: UploadId) => `${folder(tenant, id)}end`;
  const begunName = (tenant: string, id: UploadId) => `${folder(tenant, id)}begun`;
  const droppedName = (tenant: string, id: UploadId) => `${folder(tenant, id)}dropped`;
  const context = (tenant: string, id: UploadId, kind: string) => ({ tenant, subject: id, kind: `upload.${kind}` });
  // The key tree knows subjects, whatever they are: an upload has its key beside those of jobs.
  const keyName = (id: UploadId) => id as unknown as JobId;

  async function remove(tenant: string, id: UploadId, but: readonly string[] = []): Promise<void> {
    await keyring.dropJobKey(tenant, keyName(id));
    await store.delete((await listAll(store, folder(tenant, id))).filter((name) => !but.includes(name)));
  }
  const has = async (name: string) => (await store.get(name)) !== null;
  const isComplete = (tenant: string, id: UploadId) => has(endName(tenant, id));
  const isDropped = (tenant: string, id: UploadId) => has(droppedName(tenant, id));

  /**
   * Who drops says so and then drops the key; who makes a key looks afterwards: one of the two sees the other. What is
   * begun is noted first, so that the sweep finds all that follows.
   */
  async function keyToWriteWith(tenant: string, id: UploadId, nowMs: number): Promise<Buffer | null> {
    if ((await isComplete(tenant, id)) || (await isDropped(tenant, id))) return null;
    await store.put(begunName(tenant, id), Buffer.from(String(nowMs)));
    const key = await keyring.makeJobKey(tenant, keyName(id));
    if (!(await isDropped(tenant, id))) return key;
    await keyring.dropJobKey(tenant, keyName(id));
    return null;
  }

  /** Its id may be older by far: who takes over a request that died goes on with that one's id. */
  async function wasBegunBefore(tenant: string, id: UploadId, ms: number): Promise<boolean> {
    return Number((await store.get(begunName(tenant, id))) ?? 0) < ms;
  }

  return {
    sign: (tenant, text) =>
      keyring.withLookupKey(tenant, (key) => createHmac('sha256', key).update(`upload:${text}`).digest('hex')),

    async writer(tenant, id, nowMs) {
      const key = await keyToWriteWith(tenant, id, nowMs);
      if (!key) return null;
      const writer = randomBytes(16).toString('hex');
      const names: string[] = [];
      const abandon = () => store.delete(names);
      return {
        async write(chunk) {
          const at = names.length;
          const name = chunkName(tenant, id, writer, at);
          names.push(name);
          await store.put(name, seal(key, context(tenant, id, `${writer}.${at}`), chunk));
        },
        async complete() {
          const end: End = { writer, chunks: names.length };
          const plain = Buffer.from(JSON.stringify(end));
          const won = await store.create(endName(tenant, id), seal(key, context(tenant, id, 'end'), plain));
          if (!won) await abandon();
          return won;
        },
        abandon,
      };
    },

    isComplete,

    async read(tenant, id) {
      const [end, key] = await Promise.all([store.get(endName(tenant, id)), keyring.jobKey(tenant, keyName(id))]);
      if (!end || !key) return null;
      const { writer, chunks } = JSON.parse(open(key, context(tenant, id, 'end'), end).toString()) as End;
      const parts: Buffer[] = [];
      for (let at = 0; at < chunks; at++) {
        const sealed = await store.get(chunkName(tenant, id, writer, at));
        if (!sealed) return null;
        parts.push(open(key, context(tenant, id, `${writer}.${at}`), sealed));
      }
      return Buffer.concat(parts);
    },

    async drop(tenant, id) {
      await store.put(droppedName(tenant, id), Buffer.alloc(0));
      await remove(tenant, id, [droppedName(tenant, id), begunName(tenant, id)]);
    },

    async sweep(beforeMs) {
      const old = new Map<UploadId, string>();
      for await (const name of scan(store, 'uploads/')) {
        const [, tenant, id] = (ID.exec(name) ?? []) as [string?, string?, UploadId?];
        if (tenant && id && decodeTime(id.slice('upl_'.length)) < beforeMs) old.set(id, tenant);
      }
      let swept = 0;
      for (const [id, tenant] of old) {
        if (!(await wasBegunBefore(tenant, id, beforeMs))) continue;
        await remove(tenant, id);
        swept++;
      }
      return swept;
    },
  };
}
