// Tests that apply only to the double: restarts, crashes, and the faults that it injects.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createObjectStore, type FaultRule, type ObjectStore } from '../../../infra/dev/s3/index.ts';
import { callSigned, signHeaders } from './hand-signed.ts';
import { refusalOf } from './refusal.ts';
import { type StoreUnderTest, testsTheDouble } from './store-under-test.ts';

const keys = { accessKeyId: 'DOUBLE', secretAccessKey: 'double-secret' };
const region = 'us-east-1';
const Bucket = 'ledger';
let dataDir: string;
let store: ObjectStore;
let endpoint: string;
let client: S3Client;

const create = () => createObjectStore({ dataDir, port: 0, region, buckets: [Bucket], credentials: [keys] });
const clientOf = (url: string, more: S3ClientConfig = {}) =>
  new S3Client({ endpoint: url, region, forcePathStyle: true, credentials: keys, maxAttempts: 1, ...more });
const put = (Key: string, body: string | Buffer, more: { IfNoneMatch?: string } = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.from(body), ...more }));
const text = async (Key: string) =>
  (await client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();
const names = async () =>
  ((await client.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(({ Key }) => Key);
const control = (method: string, path: string, body?: unknown) =>
  fetch(`${endpoint}/__control/${path}`, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
const misbehave = (...rules: FaultRule[]) => control('PUT', 'faults', rules);

async function begin(): Promise<void> {
  store = create();
  endpoint = `http://127.0.0.1:${(await store.start()).port}`;
  client = clientOf(endpoint);
}
async function end(): Promise<void> {
  client.destroy();
  await store.stop();
}
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'double-'));
  await begin();
});
afterEach(async () => {
  await end();
  await rm(dataDir, { recursive: true });
});

describe.skipIf(!testsTheDouble)('the double keeps accepted objects (skipped for another S3)', () => {
  it('objects, metadata, order and conditions survive a restart', async () => {
    const long = `long/${'证'.repeat(300)}`;
    for (const key of ['b/2', 'a', long, 'b/1']) await put(key, `body of ${key}`);
    await end();
    await begin();
    expect(await names()).toEqual(['a', 'b/1', 'b/2', long]);
    expect(await text(long)).toBe(`body of ${long}`);
    expect(await refusalOf(put('a', 'again', { IfNoneMatch: '*' }))).toMatchObject({ status: 412 });
    const listed = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'b/' }));
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'b/1' }));
    expect(listed.Contents?.[0]).toMatchObject({ Size: 11, ETag: head.ETag });
    expect(head.ContentLength).toBe(11);
  });

  it('removes temporary files of a crash at start', async () => {
    await put('kept', 'kept');
    await end();
    await writeFile(join(dataDir, 'tmp', 'half-written'), 'half');
    await begin();
    expect(await readdir(join(dataDir, 'tmp'))).toEqual([]);
    expect(await names()).toEqual(['kept']);
  });

  it('every acknowledged put exists completely after SIGKILL', async () => {
    await end();
    const child = await forkMain();
    client = clientOf(child.endpoint);
    const acknowledged: string[] = [];
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; ; n++) {
        await put(`jobs/${writer}/${n}`, `jobs/${writer}/${n}`.repeat(100));
        if (acknowledged.push(`jobs/${writer}/${n}`) === 200) child.process.kill('SIGKILL');
      }
    });
    await Promise.allSettled(writers);
    client.destroy();
    await begin();
    expect(acknowledged.length).toBeGreaterThanOrEqual(200);
    for (const key of acknowledged) expect(await text(key)).toBe(key.repeat(100));
    for (const key of await names()) expect(await text(key as string)).toBe((key as string).repeat(100));
  });

  it('does not store an incomplete body', async () => {
    const under = { endpoint, region, ...keys, bucket: Bucket } as StoreUnderTest;
    const { path, headers } = signHeaders(under, {
      method: 'PUT',
      key: 'broken',
      headers: { 'content-length': '2000000' },
      payload: 'UNSIGNED-PAYLOAD',
    });
    const socket = connect(Number(new URL(endpoint).port), '127.0.0.1');
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`PUT ${path} HTTP/1.1\r\n${head.join('')}\r\n`);
    await new Promise<void>((resolve) => socket.write(Buffer.alloc(1_500_000), () => resolve()));
    socket.destroy();
    await end();
    expect(await readdir(join(dataDir, 'tmp'))).toEqual([]);
    await begin();
    expect(await names()).toEqual([]);
  });

  it('answers 501 to unsupported requests and changes nothing', async () => {
    const under = { endpoint, region, ...keys, bucket: Bucket } as StoreUnderTest;
    const queries: Record<string, string>[] = [{ uploads: '' }, { acl: '' }, { versionId: '1' }];
    for (const query of queries) {
      const answer = await callSigned(under, { method: 'PUT', key: 'a', query, body: Buffer.from('x') });
      expect([answer.status, answer.code]).toEqual([501, 'NotImplemented']);
    }
    expect(await names()).toEqual([]);
  });

  it('reports its address as a process and ends with SIGTERM', async () => {
    await end();
    const child = await forkMain();
    expect((await fetch(child.endpoint)).status).toBe(403);
    child.process.kill('SIGTERM');
    expect(await once(child.process, 'exit')).toEqual([0, null]);
    const orphan = await forkMain();
    orphan.process.disconnect();
    expect(await once(orphan.process, 'exit')).toEqual([0, null]);
    await begin();
  });
});

async function forkMain() {
  const env = {
    ...process.env,
    S3_DATA_DIR: dataDir,
    S3_PORT: '0',
    S3_REGION: region,
    S3_BUCKET: Bucket,
    S3_ACCESS_KEY_ID: keys.accessKeyId,
    S3_SECRET_ACCESS_KEY: keys.secretAccessKey,
  };
  const child = fork(new URL('../../../infra/dev/s3/main.ts', import.meta.url), {
    env,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [],
  });
  const [{ type, port }] = (await once(child, 'message')) as [{ type: string; port: number }];
  expect(type).toBe('ready');
  return { process: child, endpoint: `http://127.0.0.1:${port}` };
}

describe.skipIf(!testsTheDouble)('the double injects faults (skipped for another S3)', () => {
  it('status before: refuses the request without performing it', async () => {
    await misbehave({ kind: 'status', status: 503, method: 'PUT', count: 1 });
    expect(await refusalOf(put('a', '1'))).toEqual({ code: 'SlowDown', status: 503 });
    expect(await names()).toEqual([]);
    await put('a', '2');
    expect(await (await control('GET', 'faults')).json()).toMatchObject([{ kind: 'status', fired: 1 }]);
  });

  it('status after: performs the request but reports a failure, so that a retry meets its own write', async () => {
    await misbehave({ kind: 'status', status: 500, when: 'after', operation: 'PutObject', count: 1 });
    expect(await refusalOf(put('a', '1', { IfNoneMatch: '*' }))).toMatchObject({ status: 500 });
    expect(await refusalOf(put('a', '1', { IfNoneMatch: '*' }))).toMatchObject({ status: 412 });
    expect(await text('a')).toBe('1');
  });

  it('cut: breaks the connection before the work, after a write, or in the middle of a read', async () => {
    await misbehave({ kind: 'cut', when: 'before', count: 1 });
    await expect(put('a', '1')).rejects.toThrow();
    expect(await names()).toEqual([]);
    await misbehave({ kind: 'cut', method: 'PUT', count: 1 });
    await expect(put('a', 'x'.repeat(500_000))).rejects.toThrow();
    expect(await names()).toEqual(['a']);
    await misbehave({ kind: 'cut', operation: 'GetObject', count: 1 });
    await expect(text('a')).rejects.toThrow();
    expect(await text('a')).toHaveLength(500_000);
  });

  it('corrupt: changes one byte, the checksum detects it, and the stored object stays intact', async () => {
    await put('a', 'x'.repeat(2_000_000));
    await misbehave({ kind: 'corrupt', keyPattern: '^a$', count: 2 });
    await expect(text('a')).rejects.toThrow(/[Cc]hecksum/);
    const plain = clientOf(endpoint, { responseChecksumValidation: 'WHEN_REQUIRED' });
    const read = await plain.send(new GetObjectCommand({ Bucket, Key: 'a' }));
    const bytes = Buffer.from((await read.Body?.transformToByteArray()) as Uint8Array);
    expect(bytes.filter((byte) => byte !== 'x'.charCodeAt(0))).toHaveLength(1);
    plain.destroy();
    expect(await text('a')).toBe('x'.repeat(2_000_000));
  });

  it('slow: delays the response', async () => {
    await misbehave({ kind: 'slow', delayMs: 120, operation: 'HeadObject' });
    const startedAtMs = performance.now();
    expect(await refusalOf(client.send(new HeadObjectCommand({ Bucket, Key: 'a' })))).toMatchObject({ status: 404 });
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(115);
  });

  it('require_md5: refuses DeleteObjects without Content-MD5 and deletes nothing', async () => {
    await put('a', '1');
    await misbehave({ kind: 'require_md5' });
    // By default the SDK sends another checksum.
    const together = client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'a' }] } }));
    expect(await refusalOf(together)).toEqual({ code: 'MissingContentMD5', status: 400 });
    expect(await names()).toEqual(['a']);
  });

  it('delete_errors: keeps matching objects and lists them as errors, deletes the others', async () => {
    for (const key of ['a', 'b']) await put(key, '1');
    await misbehave({ kind: 'delete_errors', objectPattern: '^b$', code: 'AccessDenied' });
    const Objects = ['a', 'b'].map((Key) => ({ Key }));
    const answer = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    expect(answer.Errors).toMatchObject([{ Key: 'b', Code: 'AccessDenied' }]);
    expect(await names()).toEqual(['b']);
  });

  it('thin_pages: every second page is empty and truncated, and the tokens lead to the end', async () => {
    for (const key of ['a', 'b', 'c']) await put(key, '1');
    await misbehave({ kind: 'thin_pages' });
    const pages: (string | undefined)[][] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await client.send(new ListObjectsV2Command({ Bucket, ContinuationToken }));
      pages.push((page.Contents ?? []).map(({ Key }) => Key));
      expect(page.IsTruncated).toBe(page.NextContinuationToken !== undefined);
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    expect(pages).toEqual([[], ['a'], [], ['b'], [], ['c']]);
  });

  it('clears faults and refuses invalid rules', async () => {
    await misbehave({ kind: 'status', status: 503 });
    await control('DELETE', 'faults');
    await put('a', '1');
    expect((await control('PUT', 'faults', [{ kind: 'unheard' }])).status).toBe(400);
    expect((await control('GET', 'unknown')).status).toBe(404);
  });

  it('counts requests by operation and by the first part of the key', async () => {
    await control('POST', 'stats/reset');
    await put('jobs/a', '1');
    await put('jobs/b', '1');
    await put('pending/a', '1');
    await text('jobs/a');
    expect(await (await control('GET', 'stats')).json()).toEqual({ GetObject: 1, PutObject: 3 });
    expect(await (await control('GET', 'stats?by=prefix')).json()).toEqual({
      'GetObject jobs/': 1,
      'PutObject jobs/': 2,
      'PutObject pending/': 1,
    });
    await control('POST', 'stats/reset');
    expect(await (await control('GET', 'stats')).json()).toEqual({});
  });
});
