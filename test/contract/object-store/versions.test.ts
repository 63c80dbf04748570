// Object versions in the double: written, read and deleted as in S3, kept over a restart, and read by the code that
// reads customers' objects.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { openObjectSources } from '@cardseal/core/ledger';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createObjectStore, type ObjectStore } from '../../../infra/dev/s3/index.ts';
import { refusalOf } from './refusal.ts';
import { testsTheDouble } from './store-under-test.ts';

const credentials = { accessKeyId: 'VERSIONS', secretAccessKey: 'versions-secret' };
const region = 'us-east-1';
const Bucket = 'customer';
const Key = 'inbox/acme/1.jpg';
let dataDir: string;
let store: ObjectStore;
let settings: { endpoint: string; region: string; forcePathStyle: true; credentials: typeof credentials };
let client: S3Client;

async function begin(): Promise<void> {
  store = createObjectStore({ dataDir, port: 0, region, buckets: [Bucket], credentials: [credentials] });
  const endpoint = `http://127.0.0.1:${(await store.start()).port}`;
  settings = { endpoint, region, forcePathStyle: true, credentials };
  client = new S3Client({ ...settings, maxAttempts: 1 });
}
async function end(): Promise<void> {
  client.destroy();
  await store.stop();
}
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'versions-'));
  await begin();
});
afterEach(async () => {
  await end();
  await rm(dataDir, { recursive: true });
});

const switchTo = (Status: 'Enabled' | 'Suspended') =>
  client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
const put = async (body: string) =>
  (await client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.from(body) }))).VersionId;
const get = (VersionId?: string) => client.send(new GetObjectCommand({ Bucket, Key, VersionId }));
const text = async (VersionId?: string) => (await get(VersionId)).Body?.transformToString();
const names = async () =>
  ((await client.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map((object) => object.Key);

describe.skipIf(!testsTheDouble)('versions in the double (skipped for another S3)', () => {
  it('has none before they are enabled: existing objects have the version null', async () => {
    expect(await put('one')).toBeUndefined();
    expect((await client.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined();
    expect(await text('null')).toBe('one');
    expect((await get()).VersionId).toBeUndefined();
    expect(await refusalOf(get('0'.repeat(32)))).toMatchObject({ status: 404, code: 'NoSuchVersion' });
    expect(await refusalOf(get('../../secret'))).toMatchObject({ status: 400, code: 'InvalidArgument' });
  });

  it('keeps each version, also over a restart', async () => {
    await put('before');
    await switchTo('Enabled');
    const ids = [await put('one'), await put('two')] as string[];
    expect(new Set(ids).size).toBe(2);
    await end();
    await begin();
    expect((await client.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe('Enabled');
    expect(await text()).toBe('two');
    expect((await get()).VersionId).toBe(ids[1]);
    expect([await text(ids[0]), await text(ids[1]), await text('null')]).toEqual(['one', 'two', 'before']);
    expect(await names()).toEqual([Key]);
  });

  it('a delete adds a marker, and the versions stay until they are deleted by id', async () => {
    await switchTo('Enabled');
    const one = (await put('one')) as string;
    const two = (await put('two')) as string;
    const marker = await client.send(new DeleteObjectCommand({ Bucket, Key }));
    expect(marker.DeleteMarker).toBe(true);
    expect(await refusalOf(get())).toMatchObject({ status: 404, code: 'NoSuchKey' });
    expect(await refusalOf(get(marker.VersionId))).toMatchObject({ status: 405 });
    expect(await names()).toEqual([]);
    expect(await text(one)).toBe('one');

    await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId: marker.VersionId }));
    expect(await text()).toBe('two');
    await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId: two }));
    expect(await text()).toBe('one');
    expect(await refusalOf(client.send(new DeleteBucketCommand({ Bucket })))).toMatchObject({ code: 'BucketNotEmpty' });
    const Objects = [{ Key, VersionId: one }];
    await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    expect(await refusalOf(get(one))).toMatchObject({ status: 404, code: 'NoSuchVersion' });
    expect(await names()).toEqual([]);
    await client.send(new DeleteBucketCommand({ Bucket }));
  });

  it('while suspended, writes replace the version null only', async () => {
    await switchTo('Enabled');
    const one = (await put('one')) as string;
    await switchTo('Suspended');
    expect([await put('two'), await put('three')]).toEqual(['null', 'null']);
    expect([await text(), await text('null'), await text(one)]).toEqual(['three', 'three', 'one']);
    await client.send(new DeleteObjectCommand({ Bucket, Key }));
    expect(await refusalOf(get())).toMatchObject({ status: 404 });
    expect(await text(one)).toBe('one');
  });

  it("reads a customer's image in the version that the request names", async () => {
    await switchTo('Enabled');
    const one = (await put('one')) as string;
    const two = (await put('two')) as string;
    await client.send(new DeleteObjectCommand({ Bucket, Key }));
    const sources = openObjectSources(settings);
    const read = async (version_id?: string) =>
      String(await sources.read({ bucket: Bucket, key: Key, version_id }, 100));
    expect([await read(one), await read(two)]).toEqual(['one', 'two']);
    for (const unknown of [undefined, '0'.repeat(32), 'never-a-version']) {
      await expect(read(unknown)).rejects.toMatchObject({ code: 'source_unavailable' });
    }
  });
});
