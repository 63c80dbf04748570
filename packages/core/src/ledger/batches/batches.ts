/**
 * Batches: a sealed manifest of lines, written chunk by chunk while it streams in, whose head is the commit. Each line
 * becomes a job whose id follows from batch and line, so that making them twice makes them once; one conditional
 * write ends the batch. The lines go when every one has its job; head and end stay, under the tenant's key.
 */
import { randomBytes } from 'node:crypto';
import { DefectError } from '@cardseal/base/errors';
import { listAll, type ObjectStore, readOpened, scan } from '@cardseal/object-store';
import type { Keyring } from '@cardseal/sealing';
import { encodeTime } from 'ulid';
import { type BatchLine, createBatchLines } from './batch-lines.ts';
import { type BatchHead, type BatchManifest, beginManifest, type Decision, putMark } from './batch-manifest.ts';
import { type BatchId, type BatchRound, batchNames, isBatchId, type LinesRef, parseOpenBatch } from './batch-names.ts';

interface BatchEnd {
  state: 'completed' | 'cancelled';
  atMs: number;
  counts: Record<string, number>;
}

interface BatchStatus {
  expanded: boolean;
  cancelAsked: boolean;
  end: BatchEnd | null;
  /** Chunks of lines that are there, whoever wrote them. */
  chunks: number;
}

export interface Batches {
  /** Opens the first round that was not withdrawn. */
  begin(tenant: string, id: BatchId): Promise<BatchManifest>;
  /** null when there is no such batch. Throws DefectError `batch_head_missing` when the store lost the head. */
  head(tenant: string, id: BatchId): Promise<BatchHead | null>;
  decisionOf(round: BatchRound): Promise<Decision>;
  /** Changes whenever somebody writes in the round; null when the round is closed. */
  mark(round: BatchRound): Promise<string | null>;
  /**
   * Decides that the round is not committed, and only then removes its lines; returns how many chunks there were. null
   * when it is committed. May run any number of times. Throws as `head` does.
   */
  withdraw(round: BatchRound): Promise<number | null>;
  /** null when the lines are gone. */
  chunk<T>(tenant: string, id: BatchId, from: LinesRef, at: number): Promise<BatchLine<T>[] | null>;
  /** How many chunks of a committed batch cannot be read. */
  missingChunks(tenant: string, id: BatchId, head: BatchHead): Promise<number>;
  dropLines(round: BatchRound): Promise<void>;
  /** Every round that was begun and is neither ended nor swept. */
  open(): AsyncGenerator<BatchRound>;
  /** Committed batches whose ids were made since then, and whether they are open. */
  since(tenant: string, ms: number): AsyncGenerator<{ id: BatchId; head: BatchHead; open: boolean }>;
  /** Puts back the marker of a committed batch that has not ended. */
  reopen(round: BatchRound): Promise<void>;
  close(round: BatchRound): Promise<void>;
  /** Marks that every line has its job; from then on nobody reads a line. */
  setExpanded(tenant: string, id: BatchId): Promise<void>;
  askToCancel(tenant: string, id: BatchId): Promise<void>;
  status(tenant: string, id: BatchId): Promise<BatchStatus>;
  /** The end that stands: ours, or another's. */
  end(tenant: string, id: BatchId, end: BatchEnd): Promise<BatchEnd>;
}

/** A word and not nothing: what an answer cut short leaves of a head must never read as it. */
const WITHDRAWN = Buffer.from('withdrawn');

export function createBatches(store: ObjectStore, keyring: Keyring): Batches {
  const context = (tenant: string, id: BatchId, part: string) => ({ tenant, subject: id, kind: `batch.${part}` });
  const lines = createBatchLines(store, keyring);
  const parts = { store, lines, sealHead, decisionOf };

  async function sealed(tenant: string, id: BatchId, part: string, value: unknown): Promise<Buffer> {
    return keyring.seal(tenant, context(tenant, id, part), Buffer.from(JSON.stringify(value)));
  }
  async function opened<T>(tenant: string, id: BatchId, part: string, bytes: Buffer): Promise<T> {
    return JSON.parse((await keyring.open(tenant, context(tenant, id, part), bytes)).toString()) as T;
  }
  const endOf = (tenant: string, id: BatchId) =>
    readOpened(store, batchNames.part(tenant, id, 'end'), (bytes) => opened<BatchEnd>(tenant, id, 'end', bytes));

  async function sealHead({ tenant, id, round }: BatchRound, head: BatchHead): Promise<Buffer> {
    return sealed(tenant, id, batchNames.headPart(round), head);
  }
  async function decisionOf(at: BatchRound): Promise<Decision> {
    return readOpened<BatchHead | 'withdrawn'>(store, batchNames.head(at), (bytes) =>
      bytes.equals(WITHDRAWN) ? 'withdrawn' : opened(at.tenant, at.id, batchNames.headPart(at.round), bytes),
    );
  }
  /** Withdrawn rounds are few: each has stood still for minutes before. */
  async function standing(tenant: string, id: BatchId): Promise<{ at: BatchRound; head: BatchHead | null }> {
    for (let round = 0; ; round++) {
      const at = { tenant, id, round };
      const head = await decisionOf(at);
      if (head !== 'withdrawn') return { at, head };
    }
  }

  /** Only a committed batch is expanded, cancelled or ended: without its head it has lost the head. */
  async function refuseCommitted(tenant: string, id: BatchId): Promise<void> {
    const folder = batchNames.folder(tenant, id);
    const kept = (await listAll(store, folder)).map((name) => name.slice(folder.length));
    const isCommitted = ['expanded', 'cancel', 'end'].some((part) => kept.includes(part));
    // The head may have been written since it was looked for.
    if (!isCommitted || (await standing(tenant, id)).head !== null) return;
    throw new DefectError('batch_head_missing', { fields: { tenant, batch: id } });
  }

  return {
    begin: async (tenant, id) => beginManifest(parts, (await standing(tenant, id)).at),
    async head(tenant, id) {
      const { head } = await standing(tenant, id);
      if (head === null) await refuseCommitted(tenant, id);
      return head;
    },
    decisionOf,
    mark: async (round) => (await store.get(batchNames.open(round)))?.toString('hex') ?? null,
    async withdraw(round) {
      if ((await decisionOf(round)) === null) await refuseCommitted(round.tenant, round.id);
      if (!(await store.create(batchNames.head(round), WITHDRAWN))) return null;
      return lines.drop(round);
    },
    chunk: lines.read,
    missingChunks: lines.missing,
    dropLines: async (round) => void (await lines.drop(round)),
    async *open() {
      for await (const key of scan(store, batchNames.allOpen)) {
        const round = parseOpenBatch(key);
        if (round) yield round;
      }
    },
    async *since(tenant, ms) {
      const folder = batchNames.tenant(tenant);
      let last: string | undefined;
      for await (const name of scan(store, folder, `${folder}batch_${encodeTime(Math.max(0, ms), 10)}`)) {
        const id = name.slice(folder.length).split('/')[0]!;
        if (id === last || !isBatchId(id)) continue;
        last = id;
        const { at, head } = await standing(tenant, id);
        if (head) yield { id, head, open: (await store.get(batchNames.open(at))) !== null };
      }
    },
    reopen: (round) => putMark(store, round),
    close: (round) => store.delete([batchNames.open(round)]),
    setExpanded: (tenant, id) => store.put(batchNames.part(tenant, id, 'expanded'), Buffer.alloc(0)),
    askToCancel: (tenant, id) => store.put(batchNames.part(tenant, id, 'cancel'), Buffer.alloc(0)),
    async status(tenant, id) {
      const folder = batchNames.folder(tenant, id);
      const kept = (await listAll(store, folder)).map((name) => name.slice(folder.length));
      return {
        expanded: kept.includes('expanded'),
        cancelAsked: kept.includes('cancel'),
        end: kept.includes('end') ? await endOf(tenant, id) : null,
        chunks: kept.filter((part) => part.startsWith('lines.')).length,
      };
    },
    async end(tenant, id, end) {
      const ours = { ...end, nonce: randomBytes(16).toString('hex') };
      const won = await store.create(batchNames.part(tenant, id, 'end'), await sealed(tenant, id, 'end', ours));
      return won ? end : ((await endOf(tenant, id)) ?? end);
    },
  };
}
