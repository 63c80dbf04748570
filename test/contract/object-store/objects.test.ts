// Objects come back with the same body and metadata, under every key that S3 allows.
import { createHash, randomBytes } from 'node:crypto';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { describe, expect } from 'vitest';
import { callSigned } from './hand-signed.ts';
import { refusalOf } from './refusal.ts';
import { check, storeUnderTest } from './store-under-test.ts';

const store = storeUnderTest();
const put = (Key: string, Body: Buffer, more: Partial<PutObjectCommandInput> = {}) =>
  store.client.send(new PutObjectCommand({ Bucket: store.bucket, Key, Body, ...more }));
const get = (Key: string, more: Partial<GetObjectCommandInput> = {}) =>
  store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key, ...more }));
const bytesOf = async (Key: string, more: Partial<GetObjectCommandInput> = {}) =>
  Buffer.from((await (await get(Key, more)).Body?.transformToByteArray()) as Uint8Array);
const md5 = (data: Buffer) => createHash('md5').update(data).digest('hex');

describe('a whole object', () => {
  for (const sizeBytes of [0, 1, 4000, 4096, 65_536, 1_048_576, 3_000_001]) {
    check(`${sizeBytes} bytes come back exactly, with MD5 as ETag`, async () => {
      const body = randomBytes(sizeBytes);
      const written = await put(`sized/${sizeBytes}`, body);
      expect(written.ETag).toBe(`"${md5(body)}"`);
      expect((await bytesOf(`sized/${sizeBytes}`)).equals(body)).toBe(true);
    });
  }

  check('a later put replaces the body and the description', async () => {
    await put('replaced', Buffer.from('first'), { Metadata: { old: 'yes' } });
    await put('replaced', Buffer.from('second one'), { ContentType: 'text/plain' });
    const read = await get('replaced');
    expect(await read.Body?.transformToString()).toBe('second one');
    expect([read.ContentType, read.Metadata, read.ContentLength]).toEqual(['text/plain', {}, 10]);
  });

  check('metadata, content type and further headers are kept', async () => {
    const headers = {
      ContentType: 'image/jpeg',
      CacheControl: 'no-store',
      ContentEncoding: 'gzip',
      Metadata: { side: 'front', n: '1' },
    };
    await put('described', Buffer.from('x'), headers);
    const head = await store.client.send(new HeadObjectCommand({ Bucket: store.bucket, Key: 'described' }));
    expect(head).toMatchObject({ ...headers, ContentLength: 1, ETag: `"${md5(Buffer.from('x'))}"` });
    expect(Math.abs((head.LastModified as Date).getTime() - Date.now())).toBeLessThan(60_000);
  });

  check('a missing object is 404 to GET and HEAD', async () => {
    expect(await refusalOf(get('missing'))).toEqual({ code: 'NoSuchKey', status: 404 });
    const head = store.client.send(new HeadObjectCommand({ Bucket: store.bucket, Key: 'missing' }));
    expect(await refusalOf(head)).toEqual({ code: 'NotFound', status: 404 });
  });

  check('a missing bucket is 404', async () => {
    expect(await refusalOf(get('x', { Bucket: `${store.bucket}-none` }))).toEqual({
      code: 'NoSuchBucket',
      status: 404,
    });
    expect(await refusalOf(put('x', Buffer.from('x'), { Bucket: `${store.bucket}-none` }))).toMatchObject({
      code: 'NoSuchBucket',
    });
  });
});

describe('keys', () => {
  const strange = {
    'with slashes and empty parts': 'a//b///c/',
    'Chinese and beyond the basic plane': '索引/身份证/𠮷田.json',
    'plus, space, percent and query signs': 'a+b c%20d?e&f=g#h;i',
    'dots that look like paths': '../../etc/./passwd/..',
    'only dots': '..',
    'quotes, angles and a star': `"it's" <b>&amp; *(1)!~$@,:=`,
    '1024 bytes': 'k'.repeat(1024),
    '1024 bytes of three-byte characters': `${'证'.repeat(341)}x`,
  };
  for (const [name, key] of Object.entries(strange)) {
    check(`${name}: written, read and deleted under exactly that key`, async () => {
      await put(key, Buffer.from(name));
      expect((await bytesOf(key)).toString()).toBe(name);
      await store.client.send(new DeleteObjectCommand({ Bucket: store.bucket, Key: key }));
      expect(await refusalOf(get(key))).toMatchObject({ status: 404 });
    });
  }

  check('a key and a longer one below it live side by side', async () => {
    await put('side', Buffer.from('1'));
    await put('side/by', Buffer.from('2'));
    await put('side/by/side', Buffer.from('3'));
    await store.client.send(new DeleteObjectCommand({ Bucket: store.bucket, Key: 'side/by' }));
    expect([await bytesOf('side'), await bytesOf('side/by/side')].map(String)).toEqual(['1', '3']);
  });

  check('keys that differ in case only are two objects', async () => {
    await put('Case', Buffer.from('upper'));
    await put('case', Buffer.from('lower'));
    expect([await bytesOf('Case'), await bytesOf('case')].map(String)).toEqual(['upper', 'lower']);
  });

  check('more than 1024 bytes are refused', async () => {
    expect(await refusalOf(put('k'.repeat(1025), Buffer.from('x')))).toEqual({ code: 'KeyTooLongError', status: 400 });
  });
});

describe('ranges', () => {
  const body = randomBytes(10_000);
  const cases: Record<string, [start: number, end: number]> = {
    'bytes=0-0': [0, 1],
    'bytes=100-199': [100, 200],
    'bytes=9990-': [9990, 10_000],
    'bytes=-5': [9995, 10_000],
    'bytes=9999-20000': [9999, 10_000],
    'bytes=-20000': [0, 10_000],
  };
  for (const [Range, [start, end]] of Object.entries(cases)) {
    check(`${Range} of 10,000 bytes`, async () => {
      await put('ranged', body);
      const read = await get('ranged', { Range });
      expect(read.ContentRange).toBe(`bytes ${start}-${end - 1}/10000`);
      expect(
        Buffer.from((await read.Body?.transformToByteArray()) as Uint8Array).equals(body.subarray(start, end)),
      ).toBe(true);
    });
  }

  check('a range beyond the end is 416', async () => {
    await put('ranged', body);
    expect(await refusalOf(get('ranged', { Range: 'bytes=10000-' }))).toEqual({ code: 'InvalidRange', status: 416 });
  });
});

describe('deleting and copying', () => {
  check('deleting what is not there succeeds', async () => {
    const gone = await store.client.send(new DeleteObjectCommand({ Bucket: store.bucket, Key: 'never/was' }));
    expect(gone.$metadata.httpStatusCode).toBe(204);
  });

  check('many objects are deleted in one request, missing ones included', async () => {
    const keys = ['many/1', 'many/<&>', 'many/证'];
    for (const key of keys) await put(key, Buffer.from('x'));
    const Objects = [...keys, 'many/missing'].map((Key) => ({ Key }));
    const answer = await store.client.send(new DeleteObjectsCommand({ Bucket: store.bucket, Delete: { Objects } }));
    expect(answer.Deleted?.map(({ Key }) => Key).sort()).toEqual(Objects.map(({ Key }) => Key).sort());
    for (const key of keys) expect(await refusalOf(get(key))).toMatchObject({ status: 404 });
  });

  check('a DeleteObjects without any digest of its body is refused', async () => {
    const body = Buffer.from('<Delete><Object><Key>many/1</Key></Object></Delete>');
    const answer = await callSigned(store, { method: 'POST', key: '', query: { delete: '' }, body });
    expect([answer.status, answer.code]).toEqual([400, 'InvalidRequest']);
  });

  check('a copy has the body and the metadata of its source', async () => {
    const body = randomBytes(5000);
    await put('source/证 +', body, { Metadata: { side: 'back' } });
    const CopySource = encodeURIComponent(`${store.bucket}/source/证 +`);
    await store.client.send(new CopyObjectCommand({ Bucket: store.bucket, Key: 'copied', CopySource }));
    const read = await get('copied');
    expect(read.Metadata).toEqual({ side: 'back' });
    expect(Buffer.from((await read.Body?.transformToByteArray()) as Uint8Array).equals(body)).toBe(true);
  });
});
