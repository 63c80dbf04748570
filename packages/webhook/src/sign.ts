/**
 * Signs the frozen bytes of a webhook by Standard Webhooks 1.0.0 (`v1`, HMAC-SHA256). The last thing done before a
 * send; it must never see anything but the very buffer that goes on the wire, and never parse it.
 */
import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { DefectError } from '@cardseal/base/errors';

export interface SignInput {
  /** Event id, `msg_…`, the same on every attempt. No dots: the dot separates the signed parts. */
  id: string;
  /** Unix seconds of this try. */
  timestampS: number;
  /** The exact bytes that are sent. */
  body: Buffer;
  /** Live secrets, `whsec_…`, newest first; one to {@link MAX_LIVE_SECRETS}. */
  secrets: readonly string[];
}

export interface SignatureHeaders {
  'webhook-id': string;
  'webhook-timestamp': string;
  'webhook-signature': string;
}

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;
const MIN_KEY_BYTES = 16;
const MAX_KEY_BYTES = 64;
const MAX_CACHED_KEYS = 4096;

/** The newest secret and those still in their overlap. */
export const MAX_LIVE_SECRETS = 3;

/** A KeyObject signs about four times faster than a raw key, so the ones in use are kept, least recently used out. */
const keys = new Map<string, KeyObject>();

/** A fresh signing secret: `whsec_` and the base64 of 32 random bytes. */
export function newSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/**
 * The three headers of one attempt, with one signature per live secret.
 * @throws DefectError `webhook_sign_input` for an id with a dot, a bad timestamp, or no, too many or unusable secrets:
 * these faults are on Cardseal's side and may not spend an attempt.
 */
export function sign({ id, timestampS, body, secrets }: SignInput): SignatureHeaders {
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(id)) throw defect('id');
  if (!Number.isSafeInteger(timestampS) || timestampS < 0) throw defect('timestamp');
  if (secrets.length === 0 || secrets.length > MAX_LIVE_SECRETS) throw defect('secrets');
  const head = `${id}.${timestampS}.`;
  const signatures = secrets.map((secret) => {
    const mac = createHmac('sha256', keyOf(secret)).update(head).update(body).digest('base64');
    return `v1,${mac}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampS),
    'webhook-signature': signatures.join(' '),
  };
}

function keyOf(secret: string): KeyObject {
  const cached = keys.get(secret);
  if (cached) {
    keys.delete(secret);
    keys.set(secret, cached);
    return cached;
  }
  const key = createSecretKey(decodeSecret(secret));
  if (keys.size >= MAX_CACHED_KEYS) keys.delete(keys.keys().next().value as string);
  keys.set(secret, key);
  return key;
}

function decodeSecret(secret: string): Buffer {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : '';
  const bytes = Buffer.from(text, 'base64');
  // Buffer.from skips what is not base64: a damaged secret would sign with another key than the consumer has.
  if (bytes.toString('base64') !== text) throw defect('secret');
  if (bytes.length < MIN_KEY_BYTES || bytes.length > MAX_KEY_BYTES) throw defect('secret');
  return bytes;
}

function defect(part: string): DefectError {
  return new DefectError('webhook_sign_input', { fields: { part } });
}
