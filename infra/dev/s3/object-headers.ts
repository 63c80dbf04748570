// The headers that describe a stored object in responses to reads.
import type { ObjectMeta } from './object-file.ts';
import { queryValue, type Target } from './target.ts';

/** Headers that a query parameter such as `response-content-type` can override. */
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
