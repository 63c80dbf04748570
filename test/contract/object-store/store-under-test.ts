// The store under test: the one named by S3_ENDPOINT, or a double per test file in a temporary folder. Every check is
// declared through `check`, so that only known differences are excused, by name.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, it } from 'vitest';
import { createObjectStore, type ObjectStore } from '../../../infra/dev/s3/index.ts';
import { knownDifference } from './known-differences.ts';

export type StoreUnderTest = {
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  bucket: string;
  client: S3Client;
  /** Another client with other settings; closed with the suite. */
  otherClient(config: S3ClientConfig): S3Client;
};

/** Whether the suite tests this project's double, which also supports requests that no S3 offers. */
export const testsTheDouble = !process.env.S3_ENDPOINT;

/** The suite provokes refusals, so the SDK need not warn of them. */
const nothing = () => undefined;
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };

const settings = testsTheDouble
  ? { region: 'eu-test-1', accessKeyId: 'CONTRACTKEY', secretAccessKey: 'contract-secret' }
  : {
      region: process.env.S3_REGION ?? 'us-east-1',
      accessKeyId: fromEnvironment('AWS_ACCESS_KEY_ID'),
      secretAccessKey: fromEnvironment('AWS_SECRET_ACCESS_KEY'),
    };

function fromEnvironment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`S3_ENDPOINT is set, so ${name} must be set too`);
  return value;
}

/** Declares the store of a test file: starts it with an empty bucket before the checks and cleans up after them. */
export function storeUnderTest(): StoreUnderTest {
  const clients: S3Client[] = [];
  let double: { store: ObjectStore; dataDir: string } | undefined;
  const under = { ...settings, bucket: `contract-${randomUUID()}` } as StoreUnderTest;
  under.otherClient = (config) => {
    const client = new S3Client({
      endpoint: under.endpoint,
      region: under.region,
      forcePathStyle: process.env.S3_FORCE_PATH_STYLE !== 'false',
      credentials: { accessKeyId: under.accessKeyId, secretAccessKey: under.secretAccessKey },
      maxAttempts: 1,
      logger: silent,
      ...config,
    });
    clients.push(client);
    return client;
  };
  beforeAll(async () => {
    double = testsTheDouble ? await startDouble() : undefined;
    under.endpoint = double ? `http://127.0.0.1:${(await double.store.start()).port}` : fromEnvironment('S3_ENDPOINT');
    under.client = under.otherClient({});
    await under.client.send(new CreateBucketCommand({ Bucket: under.bucket }));
  });
  afterAll(async () => {
    await emptyAndDelete(under.client, under.bucket);
    for (const client of clients) client.destroy();
    await double?.store.stop();
    if (double) await rm(double.dataDir, { recursive: true });
  });
  return under;
}

/** One check of the contract. `known-differences.ts` refers to it by name. */
export function check(name: string, body: () => Promise<void>, timeoutMs = 30_000): void {
  const difference = knownDifference(name);
  if (!difference) it(name, body, timeoutMs);
  else if (difference.treat === 'skip') it.skip(`${name} (excused: ${difference.reason})`, body);
  else it.fails(`${name} (known to fail: ${difference.reason})`, body, timeoutMs);
}

async function startDouble(): Promise<{ store: ObjectStore; dataDir: string }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'object-store-'));
  const { region, accessKeyId, secretAccessKey } = settings;
  const credentials = [{ accessKeyId, secretAccessKey }];
  return { store: createObjectStore({ dataDir, port: 0, region, buckets: [], credentials }), dataDir };
}

async function emptyAndDelete(client: S3Client, bucket: string): Promise<void> {
  let ContinuationToken: string | undefined;
  do {
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, ContinuationToken }));
    const Objects = (page.Contents ?? []).map(({ Key }) => ({ Key: Key as string }));
    if (Objects.length > 0) {
      await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }));
    }
    ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (ContinuationToken);
  await client.send(new DeleteBucketCommand({ Bucket: bucket }));
}
