// Finds the S3 operation of a request by method and query, and defines the input and output of operations.
// The store responds with 501 to every operation that has no name here; it never performs one in part.
import type { IncomingMessage } from 'node:http';
import type { FaultRule } from './faults.ts';
import type { Authorized } from './signature.ts';
import type { Storage } from './storage.ts';
import { queryValue, type Target } from './target.ts';

/** One authorized request, as its operation gets it. */
export type Exchange = {
  request: IncomingMessage;
  target: Target;
  authorized: Authorized;
  storage: Storage;
  region: string;
  nowMs: number;
  /** Fault rules that match this request. An operation applies the rules that change how it works. */
  faults: readonly FaultRule[];
};

export type ResponseBody = Buffer | string | { chunks: AsyncIterable<Buffer>; close: () => Promise<void> };
export type S3Response = { status: number; headers: Record<string, string>; body?: ResponseBody };
export type OperationHandler = (exchange: Exchange) => Promise<S3Response>;

/** Query parameters that do not select another operation. Any other parameter names a feature that the store lacks. */
const harmless =
  /^(x-id|X-Amz-.*|response-.*|list-type|prefix|delimiter|max-keys|start-after|continuation-token|encoding-type|fetch-owner|location|versioning|delete|versionId)$/;

/** The name as in the S3 API reference (`PutObject`, …), or `Unknown`. */
export function operationName(request: IncomingMessage, target: Target): string {
  if (target.query.some(([name]) => !harmless.test(name))) return 'Unknown';
  const level = target.bucket === '' ? 'service' : target.key === '' ? 'bucket' : 'object';
  // A version can be read and deleted, but not written.
  const namesVersion = queryValue(target, 'versionId') !== undefined;
  if (namesVersion && (level !== 'object' || request.method === 'PUT')) return 'Unknown';
  const copies = request.method === 'PUT' && level === 'object' && request.headers['x-amz-copy-source'] !== undefined;
  const feature = ['location', 'versioning', 'delete'].find((name) => queryValue(target, name) !== undefined);
  const listsV2 = request.method === 'GET' && level === 'bucket' && queryValue(target, 'list-type') === '2';
  const suffix = copies ? ' copy' : feature ? ` ${feature}` : listsV2 ? ' list' : '';
  return names[`${request.method} ${level}${suffix}`] ?? 'Unknown';
}

const names: Record<string, string> = {
  'GET service': 'ListBuckets',
  'PUT bucket': 'CreateBucket',
  'HEAD bucket': 'HeadBucket',
  'DELETE bucket': 'DeleteBucket',
  'GET bucket list': 'ListObjectsV2',
  'GET bucket location': 'GetBucketLocation',
  'GET bucket versioning': 'GetBucketVersioning',
  'PUT bucket versioning': 'PutBucketVersioning',
  'POST bucket delete': 'DeleteObjects',
  'PUT object': 'PutObject',
  'PUT object copy': 'CopyObject',
  'GET object': 'GetObject',
  'HEAD object': 'HeadObject',
  'DELETE object': 'DeleteObject',
};

export function xmlResponse(body: string, status = 200): S3Response {
  return { status, headers: { 'content-type': 'application/xml' }, body };
}
