/**
 * A batch on its way in: first a marker, so that whatever a killed process leaves is found, then the lines chunk by chunk,
 * then the head. One conditional write of the head decides the round: committed, or withdrawn.
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
  /** Lines that are not blank; numbers count the blank ones too. */
  lines: number;
  blank: number[];
  /** All other lines are accepted. */
  rejected: { line: number; code: string; detail: string }[];
  chunks: number;
}

export type HeadDraft = Omit<BatchHead, 'v' | 'chunks' | keyof LinesRef>;

export interface BatchManifest extends LinesRef {
  opened: BatchRound;
  /** How many chunks there are by now. */
  chunks(): number;
  put(lines: readonly BatchLine[]): Promise<void>;
  /**
   * False when another committed the round. Throws TransientError `store_batch_withdrawn` when it was withdrawn; any
   * other error leaves open whether it is committed.
   */
  commit(head: HeadDraft): Promise<boolean>;
  /**
   * Removes what it wrote, unless that may be committed.
   * @param alone nobody else knows the id, and nothing of it is on its way: key and marker go, too.
   */
  drop(how: { alone: boolean }): Promise<void>;
}

/** What decided a round; null while nothing did. */
export type Decision = BatchHead | 'withdrawn' | null;

export interface ManifestParts {
  store: ObjectStore;
  lines: BatchLines;
  sealHead(round: BatchRound, head: BatchHead): Promise<Buffer>;
  decisionOf(round: BatchRound): Promise<Decision>;
}

/** Whoever waits for a marker to stay as it is waits many times as long. */
const RENEW_AFTER_MS = 60_000;

/** Its body is new each time: who watches it sees that somebody is at work. */
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
      // Ours, though the store's answer did not show it.
      if (decided !== null && decided !== 'withdrawn' && decided.manifest === manifest) return true;
      if (decided !== null) mayBeCommitted = false;
      if (decided === null || decided === 'withdrawn') throw new TransientError('store_batch_withdrawn');
      return false;
    },
    async drop({ alone }) {
      if (mayBeCommitted) return;
      // In a round that is withdrawn there is nobody else either, and perhaps nobody comes any more to sweep it.
      const forAll = alone || (await decisionOf(opened)) === 'withdrawn';
      if (!forAll) return lines.dropOf(opened, manifest);
      await lines.drop(opened);
      if (alone) await store.delete([batchNames.open(opened)]);
    },
  };
}
