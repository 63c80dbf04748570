// Bucket operations that the product uses at start and in the operator's checks.
import { randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { describe, expect } from 'vitest';
import { callSigned } from './hand-signed.ts';
import { refusalOf } from './refusal.ts';
import { check, storeUnderTest } from './store-under-test.ts';

const store = storeUnderTest();

describe('buckets', () => {
  check('a bucket is created, seen, listed, and deleted when empty', async () => {
    const Bucket = `contract-${randomUUID()}`;
    expect(await refusalOf(store.client.send(new HeadBucketCommand({ Bucket })))).toEqual({
      code: 'NotFound',
      status: 404,
    });
    await store.client.send(new CreateBucketCommand({ Bucket }));
    expect((await store.client.send(new HeadBucketCommand({ Bucket }))).$metadata.httpStatusCode).toBe(200);
    expect((await store.client.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toContain(Bucket);
    await store.client.send(new PutObjectCommand({ Bucket, Key: 'x', Body: Buffer.from('x') }));
    const early = store.client.send(new DeleteBucketCommand({ Bucket }));
    expect(await refusalOf(early)).toEqual({ code: 'BucketNotEmpty', status: 409 });
    await store.client.send(new DeleteObjectCommand({ Bucket, Key: 'x' }));
    await store.client.send(new DeleteBucketCommand({ Bucket }));
    expect(await refusalOf(store.client.send(new HeadBucketCommand({ Bucket })))).toMatchObject({ status: 404 });
  });

  check('a new bucket keeps no versions', async () => {
    const versioning = await store.client.send(new GetBucketVersioningCommand({ Bucket: store.bucket }));
    expect(versioning.Status).toBeUndefined();
  });

  check('a name that no bucket can have is refused', async () => {
    const answer = await callSigned({ ...store, bucket: 'Not_A_Bucket' }, { method: 'PUT', key: '' });
    expect([answer.status, answer.code]).toEqual([400, 'InvalidBucketName']);
  });
});
