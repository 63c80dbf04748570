/**
 * Batches: a sealed manifest of lines, written in chunks while the request arrives. Its head is the commit. The id of
 * each line's job follows from the batch and the line, so that a repeated expansion creates no second job. One
 * conditional write ends the batch. The lines are deleted when every line has its job; the head and the end stay,
 * sealed with the tenant's key.
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
  /** The number of chunks of all writers. */
  chunks: number;
}

export interface Batches {
  /** Opens the first round that is not withdrawn. */
  begin(tenant: string, id: BatchId): Promise<BatchManifest>;
  /** null when the batch does not exist. Throws DefectError `batch_head_missing` when the store lost the head. */
  head(tenant: string, id: BatchId): Promise<BatchHead | null>;
  decisionOf(round: BatchRound): Promise<Decision>;
  /** Changes whenever a process writes in the round; null when the round is closed. */
  mark(round: BatchRound): Promise<string | null>;
  /**
   * Withdraws the round and only then deletes its lines. Returns the number of chunks, or null when the round is
   * committed. Idempotent. Throws as `head` does.
   */
  withdraw(round: BatchRound): Promise<number | null>;
  /** null when the lines are deleted. */
  chunk<T>(tenant: string, id: BatchId, from: LinesRef, at: number): Promise<BatchLine<T>[] | null>;
  /** The number of chunks of a committed batch that cannot be read. */
  missingChunks(tenant: string, id: BatchId, head: BatchHead): Promise<number>;
  dropLines(round: BatchRound): Promise<void>;
  /** Every round that was opened and is neither ended nor swept. */
  open(): AsyncGenerator<BatchRound>;
  /** Committed batches with ids since that time, and whether they are open. */
  since(tenant: string, ms: number): AsyncGenerator<{ id: BatchId; head: BatchHead; open: boolean }>;
  /** Restores the marker of a committed batch that has not ended. */
  reopen(round: BatchRound): Promise<void>;
  close(round: BatchRound): Promise<void>;
  /** Marks that every line has its job. From then on no process reads a line. */
  setExpanded(tenant: string, id: BatchId): Promise<void>;
  askToCancel(tenant: string, id: BatchId): Promise<void>;
  status(tenant: string, id: BatchId): Promise<BatchStatus>;
  /** The stored end: this one or another process's. */
  end(tenant: string, id: BatchId, end: BatchEnd): Promise<BatchEnd>;
}

/** A word and not an empty body: a truncated response must never read as a withdrawal. */
const WITHDRAWN = Buffer.from('withdrawn');

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one store: its operations share how a batch is sealed and decided.
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
  /** Withdrawn rounds are rare: each one did not change for minutes before. */
  async function standing(tenant: string, id: BatchId): Promise<{ at: BatchRound; head: BatchHead | null }> {
    for (let round = 0; ; round++) {
      const at = { tenant, id, round };
      const head = await decisionOf(at);
      if (head !== 'withdrawn') return { at, head };
    }
  }

  /** Only a committed batch is expanded, cancelled or ended. Without a head it has lost the head. */
  async function refuseCommitted(tenant: string, id: BatchId): Promise<void> {
    const folder = batchNames.folder(tenant, id);
    const kept = (await listAll(store, folder)).map((name) => name.slice(folder.length));
    const isCommitted = ['expanded', 'cancel', 'end'].some((part) => kept.includes(part));
    // Another process may have written the head since this process looked for it.
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
