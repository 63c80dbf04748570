// Checks Signature Version 4 in headers, as a JSON service does: the caller's key, the age of the call, the headers and the body.
// Source: the public SigV4 pages of AWS's general reference.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { KmsError } from './kms-error.ts';

export type Credentials = { accessKeyId: string; secretAccessKey: string };
export type SignedCall = { headers: IncomingHttpHeaders; path: string; body: Buffer };
export type Verifier = { credentials: readonly Credentials[]; region: string; nowMs: number };

const form =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/]+)\/kms\/aws4_request, SignedHeaders=([^,\s]+), Signature=([0-9a-f]{64})$/;
const skewLimitMs = 5 * 60_000;
const mustBeSigned = ['host', 'x-amz-date', 'x-amz-target'];

/** @throws KmsError unless a known secret signed exactly this call for this service and region recently enough. */
export function verifySignature({ headers, path, body }: SignedCall, { credentials, region, nowMs }: Verifier): void {
  const match = form.exec(headers.authorization ?? '');
  if (!match) throw new KmsError('IncompleteSignatureException');
  const [, accessKeyId, date, signedRegion, names, given] = match as unknown as [string, ...string[]] & string[];
  const known = credentials.find((candidate) => candidate.accessKeyId === accessKeyId);
  if (!known) throw new KmsError('UnrecognizedClientException');
  const timestamp = String(headers['x-amz-date'] ?? '');
  const signed = names!.split(';');
  const wrong =
    signedRegion !== region || !timestamp.startsWith(date!) || mustBeSigned.some((n) => !signed.includes(n));
  if (wrong || Math.abs(nowMs - parseTimestamp(timestamp)) > skewLimitMs)
    throw new KmsError('InvalidSignatureException');
  const canonical = [
    'POST',
    path,
    '',
    ...signed.map((name) => `${name}:${String(headers[name] ?? '').trim()}`),
    '',
    names,
    sha256(body),
  ].join('\n');
  const scope = `${date}/${region}/kms/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', timestamp, scope, sha256(canonical)].join('\n');
  const key = [date!, region, 'kms', 'aws4_request'].reduce<Buffer>(
    (secret, part) => hmac(secret, part),
    Buffer.from(`AWS4${known.secretAccessKey}`),
  );
  if (!timingSafeEqual(hmac(key, text), Buffer.from(given!, 'hex'))) throw new KmsError('InvalidSignatureException');
}

/** Milliseconds since 1970; minus infinity for an invalid timestamp, which every age limit then refuses. */
function parseTimestamp(text: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!parts) return Number.NEGATIVE_INFINITY;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
