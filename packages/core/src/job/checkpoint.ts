/**
 * The checkpoint of a billed call: one JSON line with what the call itself knows, followed by the decrypted reply as
 * the provider sent it. A refusal of the image is a result too and is stored, so that it is not paid for twice.
 */
import { DefectError } from '@cardseal/base/errors';

interface CheckpointHeader {
  v: 1;
  kind: 'reply' | 'refusal';
  provider: string;
  /** ISO 8601 time of the response. */
  at: string;
  logId?: string;
  /** What fitting changed on the image before the call. */
  adjusted?: unknown;
  /** For a refusal: its stable code. */
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

/** Throws DefectError `checkpoint_unreadable`. The seal has already proved that Cardseal wrote the bytes. */
export function decodeCheckpoint(bytes: Buffer): Checkpoint {
  const end = bytes.indexOf(NEWLINE);
  if (end < 0) throw new DefectError('checkpoint_unreadable');
  return { header: JSON.parse(bytes.subarray(0, end).toString()), reply: bytes.subarray(end + 1) };
}
