// The target of a request: bucket, key and query, decoded from the raw request line without a URL parser.
// A URL parser would resolve `..` and merge `//`, which are ordinary parts of S3 keys.
import { maxKeyBytes } from './object-name.ts';
import { S3Error } from './s3-error.ts';

/** Path style only: `/{bucket}/{key}`. Both are empty for the service itself. `path` is the whole decoded path. */
export type Target = { path: string; bucket: string; key: string; query: [name: string, value: string][] };

export function parseTarget(url: string): Target {
  const mark = url.indexOf('?');
  const path = decode(mark === -1 ? url : url.slice(0, mark));
  const slash = path.indexOf('/', 1);
  const bucket = slash === -1 ? path.slice(1) : path.slice(1, slash);
  const key = slash === -1 ? '' : path.slice(slash + 1);
  if (Buffer.byteLength(key, 'utf8') > maxKeyBytes) throw new S3Error('KeyTooLongError');
  return { path, bucket, key, query: mark === -1 ? [] : parseQuery(url.slice(mark + 1)) };
}

/** The first value of a query parameter; `''` for a parameter without a value, undefined for an absent one. */
export function queryValue(target: Target, name: string): string | undefined {
  return target.query.find((pair) => pair[0] === name)?.[1];
}

function parseQuery(text: string): [string, string][] {
  const pairs = text.split('&').filter((pair) => pair !== '');
  return pairs.map((pair) => {
    const equals = pair.indexOf('=');
    const [name, value] = equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    return [decode(name.replaceAll('+', ' ')), decode(value.replaceAll('+', ' '))];
  });
}

/** Decodes `%XX`. Bytes that are not UTF-8 are refused. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidURI');
  }
}
