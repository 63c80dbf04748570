// Decides conditional requests: pure functions of the current object and the client's conditions.
// The ledger depends on the write rules: with `If-None-Match: *` exactly one writer wins. So they are in a file without other code.
import { S3Error } from './s3-error.ts';

export type Current = { etag: string; modifiedAtMs: number };
export type Conditions = {
  ifMatch?: string;
  ifNoneMatch?: string;
  ifModifiedSince?: string;
  ifUnmodifiedSince?: string;
};

export function conditionsOf(headers: Record<string, string | string[] | undefined>, prefix = ''): Conditions {
  const read = (name: string) => {
    const value = headers[prefix + name];
    return typeof value === 'string' ? value : undefined;
  };
  return dropAbsent({
    ifMatch: read('if-match'),
    ifNoneMatch: read('if-none-match'),
    ifModifiedSince: read('if-modified-since'),
    ifUnmodifiedSince: read('if-unmodified-since'),
  });
}

function dropAbsent(conditions: Record<keyof Conditions, string | undefined>): Conditions {
  return Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== undefined));
}

/** @throws S3Error 412 if the write must not happen; 404 for `If-Match` on an absent object, 501 for an `If-None-Match` other than `*`. */
export function checkWrite(current: Current | undefined, conditions: Conditions): void {
  const { ifNoneMatch, ifMatch } = conditions;
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*') throw new S3Error('NotImplemented');
  if (ifNoneMatch !== undefined && current) throw failed('If-None-Match');
  if (ifMatch === undefined) return;
  if (!current) throw new S3Error('NoSuchKey');
  if (!etagListed(ifMatch, current.etag)) throw failed('If-Match');
}

/**
 * Whether a read sends the body (`send`) or a 304 (`not-modified`).
 * Order of precedence as in RFC 9110 §13.2.2, which S3 follows.
 * @throws S3Error 412
 */
export function checkRead(current: Current, conditions: Conditions): 'send' | 'not-modified' {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  if (ifMatch !== undefined) {
    if (!etagListed(ifMatch, current.etag)) throw failed('If-Match');
  } else if (modifiedAfter(current, ifUnmodifiedSince) === true) throw failed('If-Unmodified-Since');
  if (ifNoneMatch !== undefined) return etagListed(ifNoneMatch, current.etag) ? 'not-modified' : 'send';
  return modifiedAfter(current, ifModifiedSince) === false ? 'not-modified' : 'send';
}

function failed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', undefined, { Condition: condition });
}

function etagListed(list: string, etag: string): boolean {
  return list.split(',').some((item) => {
    const bare = item.trim().replace(/^W\//, '').replace(/^"|"$/g, '');
    return bare === '*' || bare === etag;
  });
}

/** Undefined without a valid date. HTTP dates have a resolution of one second. */
function modifiedAfter(current: Current, date: string | undefined): boolean | undefined {
  const timeMs = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(timeMs) ? undefined : Math.floor(current.modifiedAtMs / 1000) * 1000 > timeMs;
}
