/**
 * The consumer's side of a signed webhook (Standard Webhooks 1.0.0, `v1`): believes a body only after its signature
 * and its time. Works on the raw bytes as received; a body that was parsed and written again does not verify.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { WebhookVerificationError } from './verification-error.ts';

/** Node's `req.headers`, a `Headers` object, or any record; names in any case. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface VerifyInput {
  /** The raw body, exactly as received. A string is taken as UTF-8. */
  body: Buffer | Uint8Array | string;
  headers: WebhookHeaders;
  /** `whsec_…`; several while a secret is rotated, any of which may match. */
  secret: string | readonly string[];
  /** How far the timestamp may be from now, either way; 300 s unless given. */
  toleranceS?: number;
  /** Milliseconds since the epoch; now unless given. */
  now?: number;
}

export interface WebhookEvent {
  /** The signed `webhook-id`: the same on every attempt and resend, so deduplicate by it. */
  id: string;
  /** `job.succeeded` and so on. */
  type: string;
  /** ISO 8601, when it happened. */
  timestamp: string;
  data: Record<string, unknown>;
}

const PREFIX = 'whsec_';
const MAX_SIGNATURES = 32;

/**
 * The event, once its signature, time and form hold.
 * @throws WebhookVerificationError; answer such a request with 400 and do nothing else.
 */
export function verifyWebhook(input: VerifyInput): WebhookEvent {
  const id = verifySignature(input);
  return { ...parseEvent(Buffer.from(input.body as string)), id };
}

/**
 * Signature and time only, for bodies that are not events of ours.
 * @returns the signed `webhook-id`.
 * @throws WebhookVerificationError
 */
export function verifySignature({ body, headers, secret, toleranceS = 300, now = Date.now() }: VerifyInput): string {
  // A JavaScript program may pass any value of its framework, for which node:crypto would throw a TypeError.
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) throw new WebhookVerificationError('body_not_raw');
  const id = header(headers, 'webhook-id');
  const timestamp = header(headers, 'webhook-timestamp');
  const given = header(headers, 'webhook-signature');
  checkTime(timestamp, toleranceS, now);
  const keys = (Array.isArray(secret) ? secret : [secret]).map(keyOf);
  if (keys.length === 0) throw new WebhookVerificationError('secret_invalid');
  const expected = keys.map((key) =>
    Buffer.from(`v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`),
  );
  if (!anyMatch(given, expected)) throw new WebhookVerificationError('signature_mismatch');
  return id;
}

/** Compares every pair, whatever matched before, so that the time taken says nothing. */
function anyMatch(given: string, expected: readonly Buffer[]): boolean {
  let matched = false;
  for (const text of given.split(' ').slice(0, MAX_SIGNATURES)) {
    const candidate = Buffer.from(text);
    for (const signature of expected) {
      matched = (candidate.length === signature.length && timingSafeEqual(candidate, signature)) || matched;
    }
  }
  return matched;
}

function checkTime(timestamp: string, toleranceS: number, nowMs: number): void {
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookVerificationError('timestamp_invalid');
  const ageS = Math.floor(nowMs / 1000) - Number(timestamp);
  if (ageS > toleranceS) throw new WebhookVerificationError('timestamp_too_old');
  if (ageS < -toleranceS) throw new WebhookVerificationError('timestamp_too_new');
}

function keyOf(secret: string): Buffer {
  if (typeof secret !== 'string') throw new WebhookVerificationError('secret_invalid');
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
  const key = Buffer.from(text, 'base64');
  if (key.length === 0 || key.toString('base64') !== text) throw new WebhookVerificationError('secret_invalid');
  return key;
}

function header(headers: WebhookHeaders, name: string): string {
  if (typeof headers !== 'object' || headers === null) throw new WebhookVerificationError('header_missing');
  const value = typeof headers.get === 'function' ? headers.get(name) : fromRecord(headers, name);
  if (typeof value !== 'string' || value === '') throw new WebhookVerificationError('header_missing');
  return value;
}

function fromRecord(headers: WebhookHeaders, name: string): unknown {
  const values = Object.entries(headers).flatMap(([key, value]) => (key.toLowerCase() === name ? [value].flat() : []));
  return values.length === 1 ? values[0] : undefined;
}

function parseEvent(body: Buffer): Omit<WebhookEvent, 'id'> {
  let event: unknown;
  try {
    event = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new WebhookVerificationError('body_invalid');
  }
  const { type, timestamp, data } = (event ?? {}) as Partial<Record<keyof WebhookEvent, unknown>>;
  if (typeof type !== 'string' || typeof timestamp !== 'string' || typeof data !== 'object' || data === null) {
    throw new WebhookVerificationError('body_invalid');
  }
  return { type, timestamp, data: data as Record<string, unknown> };
}
