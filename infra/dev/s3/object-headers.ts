// The headers that describe a stored object to whoever reads it.
import type { ObjectMeta } from './object-file.ts';
import { queryValue, type Target } from './target.ts';

/** A presigned URL may say under which headers its object is served. */
const overrides = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];

export function objectHeaders(meta: ObjectMeta, target: Target): Record<string, string> {
  const headers: Record<string, string> = {
    ...meta.headers,
    etag: `"${meta.etag}"`,
    'last-modified': new Date(meta.modifiedAtMs).toUTCString(),
  };
  for (const [name, value] of Object.entries(meta.metadata)) headers[`x-amz-meta-${name}`] = value;
  for (const name of overrides) {
    const value = queryValue(target, `response-${name}`);
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}
