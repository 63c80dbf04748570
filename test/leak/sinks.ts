/**
 * Every place that holds bytes of a running stack: Redis by key and by file, the object store by its API and by file,
 * the logs, the pages of the admin, the metrics of every process, the traces that left. Each is yielded with a name that a finding can be told by.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { Stack } from '@cardseal/dev';
import { Redis } from 'ioredis';
import { scrapeAll } from '../support/scrape.ts';
import type { Needle } from './secret-patterns.ts';

export interface Place {
  name: string;
  bytes: Buffer;
}

export interface Finding {
  place: string;
  label: string;
}

/** What is found where; each place is let go before the next is read. */
export async function findLeaks(places: AsyncIterable<Place>, needles: readonly Needle[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const { name, bytes } of places) {
    for (const needle of needles) {
      if (bytes.includes(needle.bytes)) findings.push({ place: name, label: needle.label });
    }
  }
  return findings;
}

/** @param exported what a collector of traces was sent so far. */
export async function* everyPlace(stack: Stack, dataDir: string, exported: readonly Buffer[]): AsyncGenerator<Place> {
  for (const bytes of exported) yield { name: 'trace export', bytes };
  for (const { from, text } of await scrapeAll(dataDir)) yield { name: `metrics ${from}`, bytes: Buffer.from(text) };
  yield* redisKeys(stack.info.redisUrl);
  yield* objects(stack.info.s3);
  yield* adminPages(stack);
  yield* files(dataDir, ['redis', 's3', 'logs']);
}

/** Keys and values, in the plain serialisation that the stack's Redis is told to use; then the same as files. */
async function* redisKeys(url: string): AsyncGenerator<Place> {
  const redis = new Redis(url);
  try {
    for await (const page of redis.scanStream({ count: 500 })) {
      for (const key of page as string[]) {
        const value = await redis.dumpBuffer(key);
        yield { name: `redis key ${key}`, bytes: Buffer.concat([Buffer.from(`${key}\n`), value ?? Buffer.alloc(0)]) };
      }
    }
    await redis.save();
  } finally {
    redis.disconnect();
  }
}

export function storeClient({ endpoint, region, accessKeyId, secretAccessKey }: Stack['info']['s3']): S3Client {
  return new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
}

async function* objects(info: Stack['info']['s3']): AsyncGenerator<Place> {
  const client = storeClient(info);
  let ContinuationToken: string | undefined;
  do {
    const page = await client.send(new ListObjectsV2Command({ Bucket: info.bucket, ContinuationToken }));
    for (const { Key } of page.Contents ?? []) {
      // Deleted since it was listed: then its name is what there is.
      const answer = await client.send(new GetObjectCommand({ Bucket: info.bucket, Key })).catch(gone);
      const head = JSON.stringify([Key, answer?.Metadata, answer?.ContentType, answer?.ContentDisposition]);
      const body = Buffer.from((await answer?.Body?.transformToByteArray()) ?? []);
      yield { name: `object ${Key}`, bytes: Buffer.concat([Buffer.from(`${Key}\n${head}\n`), body]) };
    }
    ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (ContinuationToken);
  client.destroy();
}

function gone(error: unknown): null {
  if ((error as Error).name === 'NoSuchKey') return null;
  throw error;
}

const QUEUE_STATES = ['active', 'waiting', 'prioritized', 'completed', 'failed', 'delayed', 'paused'];

const ADMIN_PAGES = [
  '/',
  '/api/overview',
  '/jobs',
  '/api/jobs?limit=100',
  '/jobs?state=failed',
  '/jobs?id=job_unknown',
  '/bulk?state=failed',
  '/api/bulk-retries',
  '/gates',
  '/api/gates',
  '/endpoints',
  '/api/endpoints',
  '/tenants',
  '/api/tenants',
  '/audit?limit=200',
  '/api/audit?limit=200',
  '/api/audit/verify',
  '/login',
  '/queues/',
];

/** Each tenant's page, and each job's: as a page and as JSON, masked result included. */
async function* jobPages({ tenant }: Stack['info'], page: (route: string) => Promise<Place>): AsyncGenerator<Place> {
  yield await page(`/tenants/${tenant}`);
  yield await page(`/api/tenants/${tenant}/keys`);
  const list = await page('/api/jobs?limit=100');
  for (const id of new Set(list.bytes.toString().match(/job_[0-9A-Z]{26}/g))) {
    yield await page(`/jobs/${tenant}/${id}`);
    yield await page(`/api/jobs/${tenant}/${id}`);
  }
}

/** The overview and every other page, and Bull Board: its page, every list of every queue, and every job that they show, with its logs. */
async function* adminPages({ info }: Stack): AsyncGenerator<Place> {
  const login = await fetch(`${info.adminUrl}/login`, {
    method: 'POST',
    body: JSON.stringify(info.admin),
    headers: { 'content-type': 'application/json' },
  });
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
  const page = async (route: string): Promise<Place> => {
    const answer = await fetch(info.adminUrl + route, { headers: { cookie } });
    const headers = JSON.stringify([...answer.headers]);
    const body = Buffer.from(await answer.arrayBuffer());
    return { name: `admin ${answer.status} ${route}`, bytes: Buffer.concat([Buffer.from(headers), body]) };
  };
  for (const route of ADMIN_PAGES) yield await page(route);
  yield* jobPages(info, page);
  for (const queue of ['recognize', 'deliver']) {
    for (const state of QUEUE_STATES) {
      const list = await page(`/queues/api/queues?activeQueue=${queue}&status=${state}&page=1&jobsPerPage=100`);
      yield list;
      for (const id of new Set(list.bytes.toString().match(/job_[0-9A-Z]{26}-\d+(-we_[0-9A-Z]{26})?/g))) {
        yield await page(`/queues/api/queues/${queue}/${id}`);
        yield await page(`/queues/api/queues/${queue}/${id}/logs`);
      }
    }
  }
}

async function* files(dataDir: string, folders: readonly string[]): AsyncGenerator<Place> {
  for (const folder of folders) {
    const entries = await readdir(path.join(dataDir, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((one) => one.isFile())) {
      const file = path.join(entry.parentPath, entry.name);
      const bytes = await readFile(file).catch(() => null);
      if (bytes) yield { name: `file ${path.relative(dataDir, file)}`, bytes };
    }
  }
}
