/**
 * The checkpoint behind a paid call: the decrypted reply exactly as it came, behind one line of what the call knew
 * besides it. A refusal of the picture is an answer too, and is kept so that it is not paid for twice.
 */
import { DefectError } from '@cardseal/base/errors';

interface CheckpointHeader {
  v: 1;
  kind: 'reply' | 'refusal';
  provider: string;
  /** ISO time of the answer. */
  at: string;
  logId?: string;
  /** What fitting changed on the picture before it was sent. */
  adjusted?: unknown;
  /** Of a refusal: the stable code. */
  code?: string;
}

export interface Checkpoint {
  header: CheckpointHeader;
  /** UTF-8 JSON of the provider; empty for a refusal. */
  reply: Buffer;
}

const NEWLINE = 0x0a;

export function encodeCheckpoint({ header, reply }: Checkpoint): Buffer {
  return Buffer.concat([Buffer.from(JSON.stringify(header)), Buffer.from([NEWLINE]), reply]);
}

/** Throws DefectError `checkpoint_unreadable`; the seal has already shown that the bytes are ours. */
export function decodeCheckpoint(bytes: Buffer): Checkpoint {
  const end = bytes.indexOf(NEWLINE);
  if (end < 0) throw new DefectError('checkpoint_unreadable');
  return { header: JSON.parse(bytes.subarray(0, end).toString()), reply: bytes.subarray(end + 1) };
}
