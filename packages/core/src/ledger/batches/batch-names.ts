/** The names of a batch, its rounds and its lines. */
import { createHash } from 'node:crypto';
import { decodeTime } from 'ulid';
import type { JobId } from '../../job/index.ts';

export type BatchId = `batch_${string}`;

/**
 * One attempt to accept a batch. A round ends committed or withdrawn. A withdrawn round is never reused, and a
 * repeated request opens the next one, so late writes cannot affect a later round.
 */
export interface BatchRound {
  tenant: string;
  id: BatchId;
  /** Counts from 0. */
  round: number;
}

/** The writer of the lines. When two processes write in the same round, one is committed, and their lines never mix. */
export interface LinesRef {
  round: number;
  manifest: string;
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

/** All ids of a batch contain its time, so that one prefix of the index finds them. */
export function lineJobId(id: BatchId, line: number): JobId {
  const digest = createHash('sha256').update(`${id}:${line}`).digest();
  const random = Array.from({ length: RANDOM_DIGITS }, (_, at) => ALPHABET[digest[at]! & 31]).join('');
  return `job_${id.slice('batch_'.length, 'batch_'.length + TIME_DIGITS)}${random}`;
}

/** The prefix of the ids of a batch's jobs, after `job_`. */
export function lineIdPrefix(id: BatchId): string {
  return id.slice('batch_'.length, 'batch_'.length + TIME_DIGITS);
}

export const batchNames = {
  tenant: (tenant: string) => `batches/${tenant}/`,
  folder: (tenant: string, id: BatchId) => `batches/${tenant}/${id}/`,
  part: (tenant: string, id: BatchId, part: string) => `batches/${tenant}/${id}/${part}`,
  headPart: (round: number) => `head.${round}`,
  head: ({ tenant, id, round }: BatchRound) => batchNames.part(tenant, id, batchNames.headPart(round)),
  /** The lines of all writers in the round, or of one writer. */
  lines: ({ tenant, id, round }: BatchRound, manifest?: string) =>
    batchNames.part(tenant, id, `lines.${round}.${manifest === undefined ? '' : `${manifest}.`}`),
  chunkPart: ({ round, manifest }: LinesRef, at: number) => `lines.${round}.${manifest}.${String(at).padStart(5, '0')}`,

  allOpen: 'open-batches/',
  open: ({ tenant, id, round }: BatchRound) => `open-batches/${tenant}/${id}.${round}`,

  /** Keys belong to any subject, so the lines of a round have their key next to the keys of jobs. */
  linesKey: ({ id, round }: BatchRound) => `${id}.${round}` as unknown as JobId,
} as const;

/** The parts of an `open-batches/` name; null for other names. */
export function parseOpenBatch(key: string): BatchRound | null {
  const match = /^open-batches\/([^/]+)\/(batch_[0-9A-Z]+)\.(\d+)$/.exec(key);
  if (!match || !isBatchId(match[2]!)) return null;
  return { tenant: match[1]!, id: match[2], round: Number(match[3]) };
}
