/**
 * The lines of a batch: images, references and metadata, sealed in chunks with a key of the round. They exist until
 * every line has its job. Then the key is deleted, and no copy of any chunk can be opened.
 */

import { listAll, type ObjectStore, readOpened } from '@cardseal/object-store';
import type { Keyring } from '@cardseal/sealing';
import { open, seal } from '@cardseal/sealing';
import { type BatchId, type BatchRound, batchNames, type LinesRef } from './batch-names.ts';

/** Lines count from 1, as editors do. `request` is the validated content of the line. */
export interface BatchLine<T = unknown> {
  line: number;
  request: T;
}

export interface BatchLines {
  /**
   * The key of the round: created here, or by another process that writes in the same round. Throws TransientError
   * when that process has just finished.
   */
  makeKey(round: BatchRound): Promise<Buffer>;
  put(round: BatchRound, manifest: string, at: number, key: Buffer, lines: readonly BatchLine[]): Promise<void>;
  /** null when the lines are deleted or never existed. */
  read<T>(tenant: string, id: BatchId, from: LinesRef, at: number): Promise<BatchLine<T>[] | null>;
  /** The number of chunks that cannot be read. */
  missing(tenant: string, id: BatchId, from: LinesRef & { chunks: number }): Promise<number>;
  /** Deletes the key of the round, then every chunk. Returns the number of chunks. Idempotent. */
  drop(round: BatchRound): Promise<number>;
  /** Deletes the chunks of one writer and keeps the key for the other writers. */
  dropOf(round: BatchRound, manifest: string): Promise<void>;
}

export function createBatchLines(store: ObjectStore, keyring: Keyring): BatchLines {
  const context = (tenant: string, id: BatchId, part: string) => ({ tenant, subject: id, kind: `batch.${part}` });
  const keyOf = (round: BatchRound) => keyring.jobKey(round.tenant, batchNames.linesKey(round));

  return {
    makeKey: (round) => keyring.makeJobKey(round.tenant, batchNames.linesKey(round)),
    async put({ tenant, id, round }, manifest, at, key, lines) {
      const part = batchNames.chunkPart({ round, manifest }, at);
      const bytes = seal(key, context(tenant, id, part), Buffer.from(JSON.stringify(lines)));
      await store.put(batchNames.part(tenant, id, part), bytes);
    },
    async read<T>(tenant: string, id: BatchId, from: LinesRef, at: number) {
      const part = batchNames.chunkPart(from, at);
      const key = await keyOf({ tenant, id, round: from.round });
      if (!key) return null;
      const opened = (sealed: Buffer) => open(key, context(tenant, id, part), sealed);
      const plain = await readOpened(store, batchNames.part(tenant, id, part), opened);
      return plain && (JSON.parse(plain.toString()) as BatchLine<T>[]);
    },
    async missing(tenant, id, { round, manifest, chunks }) {
      if (chunks === 0) return 0;
      if (!(await keyOf({ tenant, id, round }))) return chunks;
      return chunks - (await listAll(store, batchNames.lines({ tenant, id, round }, manifest))).length;
    },
    async drop(round) {
      await keyring.dropJobKey(round.tenant, batchNames.linesKey(round));
      const names = await listAll(store, batchNames.lines(round));
      await store.delete(names);
      return names.length;
    },
    dropOf: async (round, manifest) => store.delete(await listAll(store, batchNames.lines(round, manifest))),
  };
}
