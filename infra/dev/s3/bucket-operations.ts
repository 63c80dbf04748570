// The operations on buckets: create, inspect, list, delete many objects, delete. They report configuration that the store lacks as
// off.
import { receiveBody } from './body.ts';
import type { Bucket, ObjectSummary } from './bucket.ts';
import { decodeToken, encodeToken, type Listing, listNames, listThinly } from './listing.ts';
import { deleteOne } from './object-operations.ts';
import { type Exchange, type S3Response, xmlResponse } from './operation.ts';
import { fromIndexKey, toIndexKey } from './ordered-index.ts';
import { asS3Error, S3Error } from './s3-error.ts';
import { queryValue, type Target } from './target.ts';
import { element, innerXml, textOf, xmlDocument } from './xml.ts';

const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const pageLimit = 1000;
const deleteBodyLimitBytes = 4 * 1024 * 1024;
const parallel = 16;

export async function listBuckets({ storage }: Exchange): Promise<S3Response> {
  const names = [...storage.buckets.keys()].sort();
  const buckets = names.map((name) => `<Bucket>${element('Name', name)}</Bucket>`).join('');
  return xmlResponse(
    xmlDocument(`<ListAllMyBucketsResult ${namespace}><Buckets>${buckets}</Buckets></ListAllMyBucketsResult>`),
  );
}

export async function createBucket(exchange: Exchange): Promise<S3Response> {
  const { storage, target, region } = exchange;
  await readText(exchange);
  // Only us-east-1 responds with 200 if the caller already owns the bucket.
  if (region !== 'us-east-1' || !storage.buckets.has(target.bucket)) await storage.createBucket(target.bucket);
  return { status: 200, headers: { location: `/${target.bucket}` } };
}

export async function headBucket({ storage, target, region }: Exchange): Promise<S3Response> {
  storage.bucket(target.bucket);
  return { status: 200, headers: { 'x-amz-bucket-region': region } };
}

export async function deleteBucket({ storage, target }: Exchange): Promise<S3Response> {
  await storage.deleteBucket(target.bucket);
  return { status: 204, headers: {} };
}

export async function getBucketLocation({ storage, target, region }: Exchange): Promise<S3Response> {
  storage.bucket(target.bucket);
  const location = region === 'us-east-1' ? '' : region;
  return xmlResponse(xmlDocument(`<LocationConstraint ${namespace}>${location}</LocationConstraint>`));
}

export async function getBucketVersioning({ storage, target }: Exchange): Promise<S3Response> {
  const { versioning } = storage.bucket(target.bucket);
  const status = versioning ? element('Status', versioning) : '';
  return xmlResponse(xmlDocument(`<VersioningConfiguration ${namespace}>${status}</VersioningConfiguration>`));
}

export async function putBucketVersioning(exchange: Exchange): Promise<S3Response> {
  const bucket = exchange.storage.bucket(exchange.target.bucket);
  const status = textOf((await readText(exchange)).text, 'Status');
  if (status !== 'Enabled' && status !== 'Suspended') throw new S3Error('MalformedXML');
  await bucket.switchVersions(status);
  return { status: 200, headers: {} };
}

export async function listObjects({ storage, target, faults }: Exchange): Promise<S3Response> {
  const bucket = storage.bucket(target.bucket);
  const token = queryValue(target, 'continuation-token');
  const query = {
    prefix: toIndexKey(queryValue(target, 'prefix') ?? ''),
    delimiter: toIndexKey(queryValue(target, 'delimiter') ?? ''),
    after: toIndexKey(queryValue(target, 'start-after') ?? ''),
    limit: maxKeysOf(target),
    ...(token !== undefined && { resume: decodeToken(token) }),
  };
  const thin = faults.find((fault) => fault.kind === 'thin_pages');
  const listing = thin ? listThinly(bucket.names, query, thin.keys ?? 1) : listNames(bucket.names, query);
  return xmlResponse(await listingXml(target, listing, await describeAll(bucket, listing.keys)));
}

export async function deleteObjects(exchange: Exchange): Promise<S3Response> {
  // Check this before reading the body: S3 reports a missing bucket first.
  exchange.storage.bucket(exchange.target.bucket);
  const { text, declared } = await readText(exchange);
  const requiresMd5 = exchange.faults.some(({ kind }) => kind === 'require_md5');
  if (requiresMd5 && exchange.request.headers['content-md5'] === undefined) throw new S3Error('MissingContentMD5');
  if (!declared) throw new S3Error('InvalidRequest', 'Missing required header for this request: Content-MD5');
  const wanted = innerXml(text, 'Object').map((inner) => ({
    key: textOf(inner, 'Key'),
    etag: textOf(inner, 'ETag'),
    versionId: textOf(inner, 'VersionId'),
  }));
  const malformed = wanted.length === 0 || wanted.length > pageLimit || wanted.some(({ key }) => !key);
  if (malformed) throw new S3Error('MalformedXML');
  const quiet = textOf(text, 'Quiet') === 'true';
  const lines = await mapInParallel(wanted, async ({ key, etag, versionId }) => {
    const kept = exchange.faults.find((fault) => fault.kind === 'delete_errors' && matches(fault.objectPattern, key));
    if (kept) return errorLine(key as string, ('code' in kept && kept.code) || 'InternalError');
    return deleteLine(exchange, { key: key as string, etag, versionId }, quiet);
  });
  return xmlResponse(xmlDocument(`<DeleteResult ${namespace}>${lines.join('')}</DeleteResult>`));
}

type ObjectToDelete = { key: string; etag: string | undefined; versionId: string | undefined };

async function deleteLine(
  exchange: Exchange,
  { key, etag, versionId }: ObjectToDelete,
  quiet: boolean,
): Promise<string> {
  try {
    await deleteOne(exchange, key, versionId, etag === undefined ? {} : { ifMatch: etag });
    return quiet ? '' : `<Deleted>${element('Key', key)}</Deleted>`;
  } catch (thrown) {
    const { code, message } = asS3Error(thrown);
    return errorLine(key, code, message);
  }
}

function errorLine(key: string, code: string, message = 'An injected fault.'): string {
  return `<Error>${element('Key', key)}${element('Code', code)}${element('Message', message)}</Error>`;
}

function matches(pattern: string | undefined, key: string | undefined): boolean {
  return pattern === undefined || new RegExp(pattern, 'u').test(key ?? '');
}

async function readText({ request, authorized }: Exchange): Promise<{ text: string; declared: boolean }> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const { declared } = await receiveBody(request, authorized, (chunk) => {
    sizeBytes += chunk.length;
    if (sizeBytes > deleteBodyLimitBytes) throw new S3Error('EntityTooLarge');
    chunks.push(chunk);
  });
  return { text: Buffer.concat(chunks).toString('utf8'), declared };
}

function maxKeysOf(target: Target): number {
  const text = queryValue(target, 'max-keys') ?? String(pageLimit);
  if (!/^\d{1,10}$/.test(text))
    throw new S3Error('InvalidArgument', 'Provided max-keys not an integer or within integer range');
  return Math.min(Number(text), pageLimit);
}

async function describeAll(bucket: Bucket, keys: string[]): Promise<ObjectSummary[]> {
  const described = await mapInParallel(keys, (key) => bucket.describe(key));
  return described.filter((summary) => summary !== undefined);
}

async function listingXml(target: Target, listing: Listing, objects: ObjectSummary[]): Promise<string> {
  const encodes = queryValue(target, 'encoding-type') === 'url';
  const name = (text: string) =>
    encodes ? encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%20', '+') : text;
  const asked = ['prefix', 'delimiter', 'start-after'].map((field) => [field, queryValue(target, field)] as const);
  const echoed = asked.map(([field, value]) => {
    if (value === undefined) return field === 'prefix' ? element('Prefix', '') : '';
    return element({ prefix: 'Prefix', delimiter: 'Delimiter' }[field] ?? 'StartAfter', name(value));
  });
  const token = queryValue(target, 'continuation-token');
  return xmlDocument(
    [
      `<ListBucketResult ${namespace}>${element('Name', target.bucket)}`,
      ...echoed,
      token === undefined ? '' : element('ContinuationToken', token),
      listing.next ? element('NextContinuationToken', encodeToken(listing.next)) : '',
      element('KeyCount', objects.length + listing.commonPrefixes.length),
      element('MaxKeys', maxKeysOf(target)),
      encodes ? element('EncodingType', 'url') : '',
      element('IsTruncated', listing.next !== undefined),
      ...objects.map((object) => contentsXml(object, name)),
      ...listing.commonPrefixes.map(
        (prefix) => `<CommonPrefixes>${element('Prefix', name(fromIndexKey(prefix)))}</CommonPrefixes>`,
      ),
      '</ListBucketResult>',
    ].join(''),
  );
}

function contentsXml(object: ObjectSummary, name: (text: string) => string): string {
  return (
    `<Contents>${element('Key', name(object.key))}${element('LastModified', new Date(object.modifiedAtMs).toISOString())}` +
    `${element('ETag', `"${object.etag}"`)}${element('Size', object.sizeBytes)}${element('StorageClass', 'STANDARD')}</Contents>`
  );
}

/** Limits the number of open files: a page of objects found at start would otherwise open a thousand at once. */
async function mapInParallel<T, R>(items: T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const workThroughItems = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at] as T);
    }
  };
  await Promise.all(Array.from({ length: parallel }, workThroughItems));
  return results;
}
