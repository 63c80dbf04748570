/**
 * Batches: a sealed manifest of lines, written chunk by chunk while it streams in, whose head is the commit. Each line
 * becomes a job whose id follows from batch and line, so that making them twice makes them once; one conditional
 * write ends the batch.
 */
import { createHash, randomBytes } from 'node:crypto';
import { decodeTime } from 'ulid';
import type { JobId } from '../job/index.ts';
import type { Keyring } from './keyring.ts';
import { listAll, type ObjectStore, walk } from './store/object-store.ts';

export type BatchId = `batch_${string}`;

/** Lines count from 1, as people and editors do. `request` is what the line asked for, checked. */
export interface BatchLine<T = unknown> {
  line: number;
  request: T;
}

export interface BatchHead {
  v: 1;
  createdAtMs: number;
  apiKeyId: string;
  /** Lines that are not blank; numbers count the blank ones too. */
  lines: number;
  blank: number[];
  /** All other lines are accepted. */
  rejected: { line: number; code: string; detail: string }[];
  chunks: number;
}

export interface BatchEnd {
  state: 'completed' | 'cancelled';
  atMs: number;
  counts: Record<string, number>;
}

export interface Batches {
  putChunk(tenant: string, id: BatchId, at: number, lines: readonly BatchLine[]): Promise<void>;
  /** Opens the batch by its marker, then commits it. */
  commit(tenant: string, id: BatchId, head: BatchHead): Promise<void>;
  /** null when there is no such batch. */
  head(tenant: string, id: BatchId): Promise<BatchHead | null>;
  chunk<T>(tenant: string, id: BatchId, at: number): Promise<BatchLine<T>[] | null>;
  /** Every batch that was begun and has not ended. */
  open(): AsyncGenerator<{ tenant: string; id: BatchId }>;
  close(tenant: string, id: BatchId): Promise<void>;
  /** Marks that every line has its job. */
  setExpanded(tenant: string, id: BatchId): Promise<void>;
  askToCancel(tenant: string, id: BatchId): Promise<void>;
  status(tenant: string, id: BatchId): Promise<{ expanded: boolean; cancelAsked: boolean; end: BatchEnd | null }>;
  /** The end that stands: ours, or another's. Afterwards the manifest's lines are gone; its head stays. */
  end(tenant: string, id: BatchId, end: BatchEnd): Promise<BatchEnd>;
  /** Of a manifest that was never committed. */
  discard(tenant: string, id: BatchId): Promise<void>;
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;

export function isBatchId(text: string): text is BatchId {
  return /^batch_[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text);
}

export function batchCreatedAtMs(id: BatchId): number {
  return decodeTime(id.slice('batch_'.length));
}

/** All ids of a batch share its time, so that one prefix of the index holds them. */
export function lineJobId(id: BatchId, line: number): JobId {
  const digest = createHash('sha256').update(`${id}:${line}`).digest();
  const random = Array.from({ length: RANDOM_DIGITS }, (_, at) => ALPHABET[digest[at]! & 31]).join('');
  return `job_${id.slice('batch_'.length, 'batch_'.length + TIME_DIGITS)}${random}`;
}

/** What the ids of a batch's jobs begin with, behind `job_`. */
export function lineIdPrefix(id: BatchId): string {
  return id.slice('batch_'.length, 'batch_'.length + TIME_DIGITS);
}

export function createBatches(store: ObjectStore, keyring: Keyring): Batches {
  const name = (tenant: string, id: BatchId, part: string) => `batches/${tenant}/${id}/${part}`;
  const chunkPart = (at: number) => `lines.${String(at).padStart(5, '0')}`;
  const marker = (tenant: string, id: BatchId) => `open-batches/${tenant}/${id}`;
  const context = (tenant: string, id: BatchId, part: string) => ({ tenant, subject: id, kind: `batch.${part}` });

  async function sealed(tenant: string, id: BatchId, part: string, value: unknown): Promise<Buffer> {
    return keyring.seal(tenant, context(tenant, id, part), Buffer.from(JSON.stringify(value)));
  }
  async function read<T>(tenant: string, id: BatchId, part: string): Promise<T | null> {
    const bytes = await store.get(name(tenant, id, part));
    if (!bytes) return null;
    return JSON.parse((await keyring.open(tenant, context(tenant, id, part), bytes)).toString()) as T;
  }
  const lineNames = async (tenant: string, id: BatchId) => listAll(store, name(tenant, id, 'lines.'));

  return {
    putChunk: async (tenant, id, at, lines) => {
      await store.put(name(tenant, id, chunkPart(at)), await sealed(tenant, id, chunkPart(at), lines));
    },
    async commit(tenant, id, head) {
      await store.put(marker(tenant, id), Buffer.alloc(0));
      await store.create(name(tenant, id, 'head'), await sealed(tenant, id, 'head', head));
    },
    head: (tenant, id) => read(tenant, id, 'head'),
    chunk: (tenant, id, at) => read(tenant, id, chunkPart(at)),
    async *open() {
      for await (const key of walk(store, 'open-batches/')) {
        const [, tenant, id] = key.split('/') as [string, string, BatchId];
        if (isBatchId(id)) yield { tenant, id };
      }
    },
    close: (tenant, id) => store.delete([marker(tenant, id)]),
    setExpanded: (tenant, id) => store.put(name(tenant, id, 'expanded'), Buffer.alloc(0)),
    askToCancel: (tenant, id) => store.put(name(tenant, id, 'cancel'), Buffer.alloc(0)),
    async status(tenant, id) {
      const names = new Set(await listAll(store, name(tenant, id, '')));
      const has = (part: string) => names.has(name(tenant, id, part));
      const end = has('end') ? await read<BatchEnd>(tenant, id, 'end') : null;
      return { expanded: has('expanded'), cancelAsked: has('cancel'), end };
    },
    async end(tenant, id, end) {
      const ours = { ...end, nonce: randomBytes(16).toString('hex') };
      const won = await store.create(name(tenant, id, 'end'), await sealed(tenant, id, 'end', ours));
      await store.delete(await lineNames(tenant, id));
      return won ? end : ((await read<BatchEnd>(tenant, id, 'end')) ?? end);
    },
    discard: async (tenant, id) => store.delete(await lineNames(tenant, id)),
  };
}
