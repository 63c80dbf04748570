/**
 * Images in customers' own buckets. Cardseal reads them if the tenant's list allows it and never writes them; erasure
 * does not cover them. They have a separate S3 client: a slow bucket of one customer must not use up the
 * connections of the ledger.
 */
import { addAbortSignal, type Readable } from 'node:stream';
import { GetObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { RejectedError, TransientError } from '@cardseal/base/errors';
import { createS3Client, type S3Settings } from '@cardseal/object-store';
import type { ObjectSource } from '../../job/index.ts';
import type { ObjectSourceRule } from '../tenants/registry.ts';

export interface ObjectSources {
  /**
   * Throws RejectedError `source_unavailable` (no such object or version, no permission, more than `maxBytes`) or
   * TransientError `source_unreachable`.
   */
  read(source: ObjectSource, maxBytes: number): Promise<Buffer>;
}

/**
 * A prefix ends at a path boundary: `inbox/acme` allows the object of that name and every object below `inbox/acme/`,
 * not `inbox/acme-rival/`. An empty prefix allows the whole bucket. A key with a segment `.` or `..` is never allowed:
 * stores and proxies that resolve such segments would read outside the prefix, or in another bucket.
 */
export function isAllowedSource({ bucket, key }: ObjectSource, rules: readonly ObjectSourceRule[]): boolean {
  if (key === '' || hasDotSegment(key)) return false;
  return rules.some((rule) => rule.bucket === bucket && isBelow(key, rule.prefix));
}

function isBelow(key: string, prefix: string): boolean {
  if (prefix === '' || key === prefix) return true;
  return key.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}

/** Checks a key or a prefix. Some stores treat a backslash as a slash. */
export function hasDotSegment(path: string): boolean {
  return path.split(/[/\\]/).some((segment) => segment === '.' || segment === '..');
}

/** For installations without customer buckets. */
export const noObjectSources: ObjectSources = {
  read: async () => {
    throw new RejectedError('source_unavailable');
  },
};

const MAX_SOCKETS = 32;
/** Time for a response to begin, and for each next chunk. */
const SILENCE_MS = 5000;
/** Time for a whole read: waiting for a connection, one retry, and the body. */
const DEADLINE_MS = 20_000;

export interface ObjectSourceLimits {
  maxSockets?: number;
  deadlineMs?: number;
}

export function openObjectSources(
  settings: S3Settings,
  { maxSockets = MAX_SOCKETS, deadlineMs = DEADLINE_MS }: ObjectSourceLimits = {},
): ObjectSources {
  return s3ObjectSources(
    createS3Client({ ...settings, maxSockets, maxAttempts: 2, requestTimeoutMs: SILENCE_MS }),
    deadlineMs,
  );
}

function s3ObjectSources(client: S3Client, deadlineMs = DEADLINE_MS): ObjectSources {
  return {
    async read({ bucket, key, version_id }, maxBytes) {
      const abortSignal = AbortSignal.timeout(deadlineMs);
      try {
        const input = { Bucket: bucket, Key: key, VersionId: version_id };
        const answer = await client.send(new GetObjectCommand(input), { abortSignal });
        const body = answer.Body as Readable | undefined;
        return body ? await readAtMost(body, answer.ContentLength, maxBytes, abortSignal) : Buffer.alloc(0);
      } catch (error) {
        if (error instanceof RejectedError) throw error;
        if (isRefusal(error)) throw new RejectedError('source_unavailable', { cause: error });
        throw new TransientError('source_unreachable', { cause: error });
      }
    },
  };
}

/** A body that is not read to its end occupies its connection, so it is destroyed whenever this function throws. */
async function readAtMost(
  body: Readable,
  announcedBytes: number | undefined,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  // After this function returns, a destroyed body has no other error listener.
  body.on('error', () => {});
  addAbortSignal(signal, body);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    if ((announcedBytes ?? 0) > maxBytes) throw new RejectedError('source_unavailable');
    for await (const chunk of body) {
      sizeBytes += (chunk as Buffer).length;
      // A missing or wrong content length must not fill the memory.
      if (sizeBytes > maxBytes) throw new RejectedError('source_unavailable');
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks, sizeBytes);
  } catch (error) {
    body.destroy();
    throw error;
  }
}

/** Error codes about Cardseal and not about the object: after a fix of credentials or clock the object can be read. */
const OUR_FAULT = new Set([
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidToken',
  'RequestTimeTooSkewed',
  'RequestTimeout',
  'SignatureDoesNotMatch',
]);
const PASSING_STATUS = new Set([408, 425, 429]);

/** Whether the store says that this object does not exist at the place that the request names. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof S3ServiceException) || OUR_FAULT.has(error.name)) return false;
  const status = error.$metadata.httpStatusCode ?? 0;
  return status >= 300 && status < 500 && !PASSING_STATUS.has(status);
}
