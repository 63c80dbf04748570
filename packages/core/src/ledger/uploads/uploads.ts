/**
 * Images that a client uploads before it submits the job: sealed in chunks while they arrive, with a separate key.
 * A job takes them over later. Several clients may upload to one place at the same time: each writes under its own
 * names, and the first complete upload is the image. The erasure of a job deletes the uploads of its images; a sweep
 * deletes the others after a day.
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
  /** The commit. Returns false when the upload was completed before; then what this writer wrote is deleted. */
  complete(): Promise<boolean>;
  /** Deletes what this writer wrote, instead of completing it. */
  abandon(): Promise<void>;
}

export interface Uploads {
  /** Hex HMAC that proves the tenant's consent to the signed data. */
  sign(tenant: string, text: string): Promise<string>;
  /** null when the upload was completed or dropped before. It is kept for a day from `nowMs`. */
  writer(tenant: string, id: UploadId, nowMs: number): Promise<UploadWriter | null>;
  isComplete(tenant: string, id: UploadId): Promise<boolean>;
  /** null when the upload does not exist or is not complete. */
  read(tenant: string, id: UploadId): Promise<Buffer | null>;
  /** Afterwards nothing that was sent, or is being sent, can be opened, and no more data is accepted. Idempotent. */
  drop(tenant: string, id: UploadId): Promise<void>;
  /** Deletes uploads that no client has started since. Returns their number. */
  sweep(beforeMs: number): Promise<number>;
}

/** The writer whose chunks are the image, and the number of chunks. */
interface End {
  writer: string;
  chunks: number;
}

const folder = (tenant: string, id: UploadId) => `uploads/${tenant}/${id}/`;
const ID = /^uploads\/([^/]+)\/(upl_[0-9A-Z]{26})\//;

export function isUploadId(text: string): text is UploadId {
  return /^upl_[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text);
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one store: its operations share how an upload is named and sealed.
export function createUploads(store: ObjectStore, keyring: Keyring): Uploads {
  const chunkName = (tenant: string, id: UploadId, writer: string, at: number) =>
    `${folder(tenant, id)}${writer}.${String(at).padStart(5, '0')}`;
  const endName = (tenant: string, id: UploadId) => `${folder(tenant, id)}end`;
  const begunName = (tenant: string, id: UploadId) => `${folder(tenant, id)}begun`;
  const droppedName = (tenant: string, id: UploadId) => `${folder(tenant, id)}dropped`;
  const context = (tenant: string, id: UploadId, kind: string) => ({ tenant, subject: id, kind: `upload.${kind}` });
  // Keys belong to any subject, so an upload has its key next to the keys of jobs.
  const keyName = (id: UploadId) => id as unknown as JobId;

  async function remove(tenant: string, id: UploadId, but: readonly string[] = []): Promise<void> {
    await keyring.dropJobKey(tenant, keyName(id));
    await store.delete((await listAll(store, folder(tenant, id))).filter((name) => !but.includes(name)));
  }
  const has = async (name: string) => (await store.get(name)) !== null;
  const isComplete = (tenant: string, id: UploadId) => has(endName(tenant, id));
  const isDropped = (tenant: string, id: UploadId) => has(droppedName(tenant, id));

  /**
   * Race: a drop writes its mark, then deletes the key. A writer creates the key, then reads the mark. At least one of
   * the two sees the other. The start is recorded first, so that the sweep finds everything that follows.
   */
  async function keyToWriteWith(tenant: string, id: UploadId, nowMs: number): Promise<Buffer | null> {
    if ((await isComplete(tenant, id)) || (await isDropped(tenant, id))) return null;
    await store.put(begunName(tenant, id), Buffer.from(String(nowMs)));
    const key = await keyring.makeJobKey(tenant, keyName(id));
    if (!(await isDropped(tenant, id))) return key;
    await keyring.dropJobKey(tenant, keyName(id));
    return null;
  }

  /** The id may be much older: a request that takes over after a crash continues with the id of the first one. */
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
