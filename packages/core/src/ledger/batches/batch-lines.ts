/**
 * The lines of a batch: pictures, references and metadata, sealed a chunk at a time with a key of the round's own. They
 * are there until every line has its job; then the key goes, and no copy of any chunk opens any more.
 */

import { listAll, type ObjectStore, readOpened } from '@cardseal/object-store';
import type { Keyring } from '@cardseal/sealing';
import { open, seal } from '@cardseal/sealing';
import { type BatchId, type BatchRound, batchNames, type LinesRef } from './batch-names.ts';

/** Lines count from 1, as people and editors do. `request` is what the line asked for, checked. */
export interface BatchLine<T = unknown> {
  line: number;
  request: T;
}

export interface BatchLines {
  /** The key of the round: made here, or by another who writes in it. TransientError when that one is just done. */
  makeKey(round: BatchRound): Promise<Buffer>;
  put(round: BatchRound, manifest: string, at: number, key: Buffer, lines: readonly BatchLine[]): Promise<void>;
  /** null when they are gone, or never were. */
  read<T>(tenant: string, id: BatchId, from: LinesRef, at: number): Promise<BatchLine<T>[] | null>;
  /** How many of the chunks cannot be read. */
  missing(tenant: string, id: BatchId, from: LinesRef & { chunks: number }): Promise<number>;
  /** Drops the round's key, then every chunk of it; returns how many there were. May run any number of times. */
  drop(round: BatchRound): Promise<number>;
  /** Removes what one writer wrote, and leaves the key to the others. */
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
