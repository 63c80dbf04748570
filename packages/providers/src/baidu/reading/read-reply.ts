/**
 * Reads the decrypted reply of the ID card endpoints into the provider-neutral {@link SideReading}. It runs after the
 * checkpoint of the billed call and may run again on the same bytes at any time. Pure; it only requires that the bytes
 * are a reply.
 */

import { CardsealError } from '@cardseal/base/errors';
import type { Side, SideReading } from '@cardseal/idcard/card';
import { readDirection, readImageStatus, readNumberCheck } from './enumerations.ts';
import { readCrop, readQuality, readRisk } from './image.ts';
import { parseReply } from './parse.ts';
import { readCard } from './values.ts';
import { readFields, sideShown } from './words.ts';

export interface ReplyContext {
  declaredSide: Side;
  /** Name of the provider, as the result shows it. */
  provider: string;
  /** The id from the envelope around the encrypted reply; used when the reply itself has none. */
  logId?: string | undefined;
}

/** Digits only, in a number or a string. */
function readLogId(value: unknown): string | undefined {
  return typeof value === 'string' && /^\d{1,32}$/.test(value) ? value : undefined;
}

/**
 * Reads at most 8 MiB of UTF-8 JSON. Throws `TransientError('upstream_reply_unreadable')` with `upstreamClass:
 * 'crypto'` when the bytes are not a reply. Accepts every irregularity inside a reply.
 */
export function readReply(plaintext: Uint8Array | string, context: ReplyContext): SideReading {
  const reply = parseReply(plaintext);
  const fields = readFields(reply);
  const optional = {
    direction: readDirection(reply),
    risk: readRisk(reply),
    quality: readQuality(reply),
    number_check: readNumberCheck(reply),
    log_id: readLogId(reply.log_id) ?? context.logId,
    portrait: readCrop(reply.photo, reply.photo_location),
    crop: readCrop(reply.card_image, reply.card_location),
  };
  const present = Object.entries(optional).filter(([, value]) => value !== undefined);
  return {
    declaredSide: context.declaredSide,
    shownSide: sideShown(fields, context.declaredSide),
    image_status: readImageStatus(reply),
    fields,
    card: readCard(fields),
    provider: context.provider,
    ...(Object.fromEntries(present) as Partial<SideReading>),
  };
}

/**
 * Whether {@link readReply} will accept the bytes. The worker asks before it writes the checkpoint, which stays
 * forever.
 */
export function isWellFormedReply(plaintext: Uint8Array | string): boolean {
  try {
    parseReply(plaintext);
    return true;
  } catch (error) {
    if (error instanceof CardsealError) return false;
    throw error;
  }
}
