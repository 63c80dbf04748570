/**
 * Takes a batch in: first a marker, so that a sweep finds what a killed process leaves behind; then the lines chunk by
 * chunk; then the head. One conditional write of the head decides the round: committed or withdrawn.
 */
import { randomBytes } from 'node:crypto';
import { TransientError } from '@cardseal/base/errors';
import type { ObjectStore } from '@cardseal/object-store';
import type { BatchLine, BatchLines } from './batch-lines.ts';
import { type BatchRound, batchNames, type LinesRef } from './batch-names.ts';

export interface BatchHead extends LinesRef {
  v: 1;
  createdAtMs: number;
  apiKeyId: string;
  /** The number of lines that are not blank. Line numbers count blank lines too. */
  lines: number;
  blank: number[];
  /** The refused lines. All others are accepted. */
  rejected: { line: number; code: string; detail: string }[];
  chunks: number;
}

export type HeadDraft = Omit<BatchHead, 'v' | 'chunks' | keyof LinesRef>;

export interface BatchManifest extends LinesRef {
  opened: BatchRound;
  /** The number of chunks so far. */
  chunks(): number;
  put(lines: readonly BatchLine[]): Promise<void>;
  /**
   * Returns false when another process committed the round. Throws TransientError `store_batch_withdrawn` when the
   * round was withdrawn. After any other error the round may be committed or not.
   */
  commit(head: HeadDraft): Promise<boolean>;
  /**
   * Deletes what this writer wrote, unless it may be committed.
   * @param alone no other process knows the id or writes under it; then the key and the marker are deleted too.
   */
  drop(how: { alone: boolean }): Promise<void>;
}

/** The decision of a round; null while it is open. */
export type Decision = BatchHead | 'withdrawn' | null;

export interface ManifestParts {
  store: ObjectStore;
  lines: BatchLines;
  sealHead(round: BatchRound, head: BatchHead): Promise<Buffer>;
  decisionOf(round: BatchRound): Promise<Decision>;
}

/** A process that waits for an unchanged marker waits many times as long. */
const RENEW_AFTER_MS = 60_000;

/** Each renewal writes a new body. A process that watches the marker sees that another one still works on the round. */
export async function putMark(store: ObjectStore, round: BatchRound): Promise<void> {
  await store.put(batchNames.open(round), randomBytes(16));
}

export async function beginManifest(parts: ManifestParts, opened: BatchRound): Promise<BatchManifest> {
  const { store, lines, sealHead, decisionOf } = parts;
  const { round } = opened;
  const manifest = randomBytes(8).toString('hex');
  let chunks = 0;
  let key: Buffer | undefined;
  let mayBeCommitted = false;
  let renewedAtMs = performance.now();
  await putMark(store, opened);

  return {
    opened,
    round,
    manifest,
    chunks: () => chunks,
    async put(some) {
      if (performance.now() - renewedAtMs > RENEW_AFTER_MS) {
        renewedAtMs = performance.now();
        await putMark(store, opened);
      }
      key ??= await lines.makeKey(opened);
      await lines.put(opened, manifest, chunks, key, some);
      chunks++;
    },
    async commit(draft) {
      const head: BatchHead = { v: 1, ...draft, round, manifest, chunks };
      const sealed = await sealHead(opened, head);
      mayBeCommitted = true;
      if (await store.create(batchNames.head(opened), sealed)) return true;
      const decided = await decisionOf(opened);
      // This write won, although the response of the store did not say so.
      if (decided !== null && decided !== 'withdrawn' && decided.manifest === manifest) return true;
      if (decided !== null) mayBeCommitted = false;
      if (decided === null || decided === 'withdrawn') throw new TransientError('store_batch_withdrawn');
      return false;
    },
    async drop({ alone }) {
      if (mayBeCommitted) return;
      // A withdrawn round has no other writer either, and perhaps no process will sweep it.
      const forAll = alone || (await decisionOf(opened)) === 'withdrawn';
      if (!forAll) return lines.dropOf(opened, manifest);
      await lines.drop(opened);
      if (alone) await store.delete([batchNames.open(opened)]);
    },
  };
}
