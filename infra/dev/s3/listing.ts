// Computes one page of a listing from the ordered names, with prefix, delimiter and the position after the previous page.
// It reads no file. Its cost depends on the number of listed entries, not on the size of the bucket.
import { afterPrefix, type OrderedIndex } from './ordered-index.ts';
import { S3Error } from './s3-error.ts';

/** All strings are index keys (see `ordered-index.ts`). Only keys above `after` are listed. `resume` is the content of a token. */
export type ListingQuery = { prefix: string; delimiter: string; after: string; limit: number; resume?: Resume };
/** The last entry of a page. `afterEmptyPage`: `listThinly` sent an empty page, so the next one must contain entries. */
export type Resume = { kind: 'key' | 'prefix'; text: string; afterEmptyPage?: boolean };
export type Listing = { keys: string[]; commonPrefixes: string[]; next: Resume | undefined };

export function listNames(index: OrderedIndex<unknown>, query: ListingQuery): Listing {
  const listing: Listing = { keys: [], commonPrefixes: [], next: undefined };
  if (query.limit === 0) return listing;
  let last: Resume | undefined;
  let key = index.ceiling(firstCandidate(query));
  while (key?.startsWith(query.prefix)) {
    if (listing.keys.length + listing.commonPrefixes.length === query.limit) {
      listing.next = last;
      return listing;
    }
    last = lineFor(key, query);
    (last.kind === 'key' ? listing.keys : listing.commonPrefixes).push(last.text);
    const further = nextCandidate(last);
    key = further === undefined ? undefined : index.ceiling(further);
  }
  return listing;
}

/** The fault `thin_pages`: an empty page that is marked as truncated, then one with at most `keys` entries, and so on. */
export function listThinly(index: OrderedIndex<unknown>, query: ListingQuery, keys: number): Listing {
  if (query.limit === 0) return listNames(index, query);
  if (query.resume?.afterEmptyPage) return listNames(index, { ...query, limit: Math.min(query.limit, keys) });
  const from = query.resume ?? { kind: 'key', text: query.after };
  return { keys: [], commonPrefixes: [], next: { ...from, afterEmptyPage: true } };
}

function lineFor(key: string, { prefix, delimiter }: ListingQuery): Resume {
  const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return end === -1 ? { kind: 'key', text: key } : { kind: 'prefix', text: key.slice(0, end + delimiter.length) };
}

function firstCandidate({ prefix, after, resume }: ListingQuery): string {
  const candidates = [prefix];
  if (after !== '') candidates.push(`${after}\0`);
  if (resume) candidates.push(nextCandidate(resume) ?? '\xff\xff');
  return candidates.reduce((highest, candidate) => (candidate > highest ? candidate : highest));
}

function nextCandidate(line: Resume): string | undefined {
  return line.kind === 'key' ? `${line.text}\0` : afterPrefix(line.text);
}

/** A continuation token. It is opaque to clients and contains only the last entry, so it stays valid across restarts. */
export function encodeToken(resume: Resume): string {
  const kind = resume.kind === 'key' ? 'k' : 'p';
  return Buffer.from((resume.afterEmptyPage ? kind.toUpperCase() : kind) + resume.text, 'latin1').toString('base64url');
}

export function decodeToken(token: string): Resume {
  const text = Buffer.from(token, 'base64url').toString('latin1');
  const kind = text[0]?.toLowerCase();
  if (kind !== 'k' && kind !== 'p') {
    throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect');
  }
  const resume: Resume = { kind: kind === 'k' ? 'key' : 'prefix', text: text.slice(1) };
  return text[0] === kind ? resume : { ...resume, afterEmptyPage: true };
}
