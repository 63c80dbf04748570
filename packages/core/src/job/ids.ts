/** Ids: sortable by time of creation, safe in URLs, object names and queue ids (no `:`, never digits only). */
import { randomFillSync } from 'node:crypto';
import { decodeTime, monotonicFactory, ulid } from 'ulid';

export type JobId = `job_${string}`;

/** Crockford's base 32, the alphabet of a ULID. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const JOB_ID = /^job_[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** Random bytes, drawn in bulk: drawn one by one they cost more than the rest of an id. */
const drawn = Buffer.alloc(1024);
let next = drawn.length;

function random(): number {
  if (next === drawn.length) {
    randomFillSync(drawn);
    next = 0;
  }
  return drawn[next++]! / 256;
}

const nextUlid = monotonicFactory(random);

export function newJobId(nowMs: number): JobId {
  return `job_${nextUlid(nowMs)}`;
}

export function isJobId(value: string): value is JobId {
  return JOB_ID.test(value);
}

/** When the id was created, in epoch milliseconds. */
export function createdAtMs(job: JobId): number {
  return decodeTime(job.slice('job_'.length));
}

/** A new id such as `we_01J…`, for everything but jobs. */
export function newId(prefix: string, nowMs: number): string {
  return `${prefix}_${ulid(nowMs, random)}`;
}

/** The job's ULID with every digit inverted, so that a list in byte order returns the newest first. */
export function inverted(job: JobId): string {
  return invert(job.slice('job_'.length));
}

export function fromInverted(text: string): JobId {
  return `job_${invert(text)}`;
}

function invert(text: string): string {
  return Array.from(text, (digit) => ALPHABET[31 - ALPHABET.indexOf(digit)]).join('');
}
