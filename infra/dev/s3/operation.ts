// Which S3 operation a request is, by method and query, and what every operation is given and gives back.
// What this store does not do has no name here and is answered 501, never half-done.
import type { IncomingMessage } from 'node:http';
import type { FaultRule } from './faults.ts';
import type { Authorized } from './signature.ts';
import type { Storage } from './storage.ts';
import { queryValue, type Target } from './target.ts';

/** One authorized request on its way to its operation. */
export type Exchange = {
  request: IncomingMessage;
  target: Target;
  authorized: Authorized;
  storage: Storage;
  region: string;
  nowMs: number;
  /** Rules that match this request. The operation itself applies the rules that change what it does. */
  faults: readonly FaultRule[];
};

export type ReplyBody = Buffer | string | { chunks: AsyncIterable<Buffer>; close: () => Promise<void> };
export type Reply = { status: number; headers: Record<string, string>; body?: ReplyBody };
export type OperationHandler = (exchange: Exchange) => Promise<Reply>;

/** Query parameters that choose no other operation; any further one names a feature. */
const harmless =
  /^(x-id|X-Amz-.*|response-.*|list-type|prefix|delimiter|max-keys|start-after|continuation-token|encoding-type|fetch-owner|location|versioning|delete|versionId)$/;

/** The name as in the S3 API reference (`PutObject`, …), or `Unknown`. */
export function operationName(request: IncomingMessage, target: Target): string {
  if (target.query.some(([name]) => !harmless.test(name))) return 'Unknown';
  const level = target.bucket === '' ? 'service' : target.key === '' ? 'bucket' : 'object';
  // Versions are read and deleted; nothing is written into one.
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

export function xmlReply(body: string, status = 200): Reply {
  return { status, headers: { 'content-type': 'application/xml' }, body };
}
