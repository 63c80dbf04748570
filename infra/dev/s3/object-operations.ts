// The operations on one object: put, get, head, delete, copy. Each follows the S3 API reference.
import type { IncomingHttpHeaders } from 'node:http';
import { receiveBody } from './body.ts';
import type { Deletion } from './bucket.ts';
import { headerOf } from './checksums.ts';
import { type Conditions, checkRead, conditionsOf } from './conditions.ts';
import { type ObjectMeta, type OpenObject, readAt } from './object-file.ts';
import { objectHeaders } from './object-headers.ts';
import type { Exchange, S3Response } from './operation.ts';
import { contentRange, type Range, rangeOf } from './range.ts';
import { S3Error } from './s3-error.ts';
import { decode, queryValue } from './target.ts';
import { checkVersionId, nullVersion } from './versions.ts';
import { element, xmlDocument } from './xml.ts';

const pieceBytes = 256 * 1024;
/** Bodies up to this size are sent in one piece, which is cheaper than a stream. */
const wholeReadBytes = 1024 * 1024;
const metadataLimitBytes = 2048;
const keptHeaders = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];

export async function putObject({ request, target, authorized, storage, nowMs }: Exchange): Promise<S3Response> {
  const bucket = storage.bucket(target.bucket);
  const described = describedBy(request.headers);
  const spool = storage.spool();
  try {
    const received = await receiveBody(request, authorized, (chunk) => spool.write(chunk));
    const { sizeBytes, md5: etag, checksum } = received;
    const meta: ObjectMeta = {
      key: target.key,
      sizeBytes,
      etag,
      modifiedAtMs: nowMs,
      ...described,
      ...(checksum && { checksum }),
    };
    const versionId = await bucket.write(meta, spool, conditionsOf(request.headers));
    return { status: 200, headers: { etag: `"${etag}"`, ...checksumHeaders(meta), ...versionHeaders({ versionId }) } };
  } finally {
    await spool.discard();
  }
}

export async function getObject(exchange: Exchange): Promise<S3Response> {
  const opened = await openTarget(exchange);
  let handedOver = false;
  try {
    const result = readResponse(exchange, opened.meta);
    if (!result.range) return result;
    const { start, endExclusive } = result.range;
    if (opened.body) return { ...result, body: opened.body.subarray(start, endExclusive) };
    if (endExclusive - start <= wholeReadBytes) {
      return { ...result, body: await readAt(opened.handle, start, endExclusive - start) };
    }
    handedOver = true;
    return { ...result, body: { chunks: readPieces(opened, result.range), close: () => opened.handle.close() } };
  } finally {
    if (!handedOver) await opened.handle.close();
  }
}

export async function headObject(exchange: Exchange): Promise<S3Response> {
  const opened = await openTarget(exchange);
  await opened.handle.close();
  return readResponse(exchange, opened.meta);
}

export async function deleteObject(exchange: Exchange): Promise<S3Response> {
  const { request, target } = exchange;
  const versionId = queryValue(target, 'versionId');
  const deletion = await deleteOne(exchange, target.key, versionId, conditionsOf(request.headers));
  return { status: 204, headers: versionHeaders(deletion) };
}

/** Deletes one object, for DeleteObject and for each key of DeleteObjects. */
export async function deleteOne(
  { storage, target, nowMs }: Exchange,
  key: string,
  versionId: string | undefined,
  conditions: Conditions,
): Promise<Deletion> {
  const bucket = storage.bucket(target.bucket);
  if (versionId !== undefined) return bucket.deleteVersion(key, checkVersionId(versionId));
  const spool = storage.spool();
  try {
    return await bucket.deleteCurrent(key, spool, nowMs, conditions);
  } finally {
    await spool.discard();
  }
}

/** Opens the object, or the version that the request names. */
function openTarget({ storage, target }: Exchange): Promise<OpenObject> {
  const bucket = storage.bucket(target.bucket);
  const versionId = queryValue(target, 'versionId');
  return versionId === undefined ? bucket.read(target.key) : bucket.readVersion(target.key, checkVersionId(versionId));
}

function versionHeaders({ versionId, deleteMarker }: Deletion): Record<string, string> {
  return {
    ...(versionId === undefined ? {} : { 'x-amz-version-id': versionId }),
    ...(deleteMarker ? { 'x-amz-delete-marker': 'true' } : {}),
  };
}

export async function copyObject({ request, target, storage, nowMs }: Exchange): Promise<S3Response> {
  const source = decode(String(request.headers['x-amz-copy-source'])).replace(/^\//, '');
  const slash = source.indexOf('/');
  if (slash < 1) throw new S3Error('InvalidArgument', 'Copy Source must mention the source bucket and key');
  const opened = await storage.bucket(source.slice(0, slash)).read(source.slice(slash + 1));
  const spool = storage.spool();
  try {
    const verdict = checkRead(opened.meta, conditionsOf(request.headers, 'x-amz-copy-source-'));
    if (verdict === 'not-modified') throw new S3Error('PreconditionFailed');
    for await (const piece of readPieces(opened, { start: 0, endExclusive: opened.meta.sizeBytes }))
      await spool.write(piece);
    const replaces = request.headers['x-amz-metadata-directive'] === 'REPLACE';
    const meta = {
      ...opened.meta,
      key: target.key,
      modifiedAtMs: nowMs,
      ...(replaces ? describedBy(request.headers) : {}),
    };
    await storage.bucket(target.bucket).write(meta, spool, conditionsOf(request.headers));
    const modified = element('LastModified', new Date(nowMs).toISOString());
    const body = xmlDocument(`<CopyObjectResult>${modified}${element('ETag', `"${meta.etag}"`)}</CopyObjectResult>`);
    return { status: 200, headers: { 'content-type': 'application/xml' }, body };
  } finally {
    await spool.discard();
    await opened.handle.close();
  }
}

/** Status and headers of a read. `range` is the part of the body to send; absent for a 304. */
function readResponse({ request, target, storage }: Exchange, meta: ObjectMeta): S3Response & { range?: Range } {
  const versioned = storage.bucket(target.bucket).versioning !== undefined;
  const headers: Record<string, string> = {
    ...objectHeaders(meta, target),
    'accept-ranges': 'bytes',
    ...(versioned ? { 'x-amz-version-id': meta.versionId ?? nullVersion } : {}),
  };
  if (checkRead(meta, conditionsOf(request.headers)) === 'not-modified') {
    const { etag = '', 'last-modified': modified = '' } = headers;
    return { status: 304, headers: { etag, 'last-modified': modified } };
  }
  const part = rangeOf(request.headers.range, meta.sizeBytes);
  const range = part ?? { start: 0, endExclusive: meta.sizeBytes };
  const length = { 'content-length': String(range.endExclusive - range.start) };
  if (part) return { status: 206, headers: { ...headers, ...length, ...contentRange(part, meta.sizeBytes) }, range };
  // A checksum covers the whole body, so a partial response has none.
  const checksum = request.headers['x-amz-checksum-mode'] === 'ENABLED' ? checksumHeaders(meta) : {};
  return { status: 200, headers: { ...headers, ...length, ...checksum }, range };
}

async function* readPieces({ handle }: OpenObject, { start, endExclusive }: Range): AsyncGenerator<Buffer> {
  for (let at = start; at < endExclusive; at += pieceBytes) {
    yield await readAt(handle, at, Math.min(pieceBytes, endExclusive - at));
  }
}

function checksumHeaders({ checksum }: ObjectMeta): Record<string, string> {
  return checksum ? { [headerOf(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': 'FULL_OBJECT' } : {};
}

function describedBy(requestHeaders: IncomingHttpHeaders): Pick<ObjectMeta, 'headers' | 'metadata'> {
  const headers: Record<string, string> = { 'content-type': 'binary/octet-stream' };
  const metadata: Record<string, string> = {};
  let metadataBytes = 0;
  for (const [name, value] of Object.entries(requestHeaders)) {
    if (keptHeaders.includes(name)) headers[name] = String(value);
    if (!name.startsWith('x-amz-meta-')) continue;
    metadata[name.slice('x-amz-meta-'.length)] = String(value);
    metadataBytes += name.length - 'x-amz-meta-'.length + String(value).length;
  }
  if (metadataBytes > metadataLimitBytes) throw new S3Error('MetadataTooLarge');
  dropTransferCoding(headers);
  return { headers, metadata };
}

/** `aws-chunked` describes the transfer, not the content, so it is not stored. */
function dropTransferCoding(headers: Record<string, string>): void {
  const codings = (headers['content-encoding'] ?? '').split(',').map((coding) => coding.trim());
  const kept = codings.filter((coding) => coding !== '' && coding !== 'aws-chunked');
  if (kept.length > 0) headers['content-encoding'] = kept.join(',');
  else delete headers['content-encoding'];
}
