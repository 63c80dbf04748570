/** The object store port on any S3, through the AWS SDK. */
import { setTimeout as delay } from 'node:timers/promises';
import { GetObjectCommand, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { awsEndpoint, nodeAgents, noProxy, type ProxyFor } from '@cardseal/base/egress';
import { CardsealError, TransientError } from '@cardseal/base/errors';
import { deleteObjects } from './delete-objects.ts';
import { listPage } from './list-page.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * A write to a name that another process is writing waits for that write: for a large image under load that takes
 * seconds. A limit by number of attempts would be used up in the first of them.
 */
const RACE_PATIENCE_MS = 8000;
const RACE_DELAY_MS = 30;
const LONGEST_RACE_DELAY_MS = 300;

export interface S3Settings {
  endpoint?: string | undefined;
  region: string;
  forcePathStyle: boolean;
  /** Default: AWS's own chain. */
  credentials?: { accessKeyId: string; secretAccessKey: string } | undefined;
  /** How long one attempt waits for a response, and then for each next byte of it. */
  requestTimeoutMs?: number;
  /** Connections per host; further requests wait. */
  maxSockets?: number;
  /** Chooses the proxy to the store; default: none. */
  proxyFor?: ProxyFor;
  /** How often the SDK repeats a request that fails temporarily. */
  maxAttempts?: number;
}

const REQUEST_TIMEOUT_MS = 10_000;

export function createS3Client(settings: S3Settings): S3Client {
  const endpoint = settings.endpoint ?? awsEndpoint('s3', settings.region);
  const { requestTimeoutMs: requestTimeout = REQUEST_TIMEOUT_MS, maxSockets = 128 } = settings;
  return new S3Client({
    ...(settings.endpoint ? { endpoint: settings.endpoint } : {}),
    ...(settings.credentials ? { credentials: settings.credentials } : {}),
    region: settings.region,
    forcePathStyle: settings.forcePathStyle,
    maxAttempts: settings.maxAttempts ?? 4,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: 3000,
      requestTimeout,
      // Without this the client only prints a warning and waits forever.
      throwOnRequestTimeout: true,
      socketTimeout: requestTimeout,
      ...nodeAgents(settings.proxyFor ?? noProxy, endpoint, maxSockets),
    },
  });
}

export function s3ObjectStore(client: S3Client, bucket: string): ObjectStore {
  const remove = deleteObjects(client, bucket);
  const store: ObjectStore = {
    get: (Key) =>
      guarded('get', async () => {
        try {
          const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
          return Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
        } catch (error) {
          // A missing bucket is a fault of the store. Treated as a missing object, it would look like a deletion.
          if (statusOf(error) === 404 && !isBucketMissing(error)) return null;
          throw error;
        }
      }),

    put: (Key, Body) =>
      guarded('put', async () => {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ContentLength: Body.length }));
      }),

    create: (Key, Body) =>
      guarded('create', async () => {
        const input = { Bucket: bucket, Key, Body, ContentLength: Body.length, IfNoneMatch: '*' };
        const startedAt = performance.now();
        for (let race = 1; ; race++) {
          try {
            await client.send(new PutObjectCommand(input));
            return true;
          } catch (error) {
            const status = statusOf(error);
            if (status !== 412 && status !== 409) throw error;
            const winner = await store.get(Key);
            if (winner !== null) return winner.equals(Body);
            // 409 and no object: two writers met and neither has won yet. The next attempt decides.
            if (performance.now() - startedAt > RACE_PATIENCE_MS)
              throw new TransientError('store_write_conflict', { cause: error });
            await delay(Math.min(race * RACE_DELAY_MS, LONGEST_RACE_DELAY_MS) * (0.5 + Math.random()));
          }
        }
      }),

    delete: (keys) => guarded('delete', () => remove(keys)),

    list: (prefix, options = {}) => guarded('list', () => listPage(client, bucket, prefix, options)),
  };
  return store;
}

function isBucketMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && error.name === 'NoSuchBucket';
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}

/** The SDK has already retried what it can. The remaining error is a problem of the store, not of the job. */
async function guarded<T>(operation: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CardsealError) throw error;
    const status = statusOf(error);
    throw new TransientError('store_unavailable', {
      cause: error,
      fields: { operation, ...(status === undefined ? {} : { status }) },
    });
  }
}
