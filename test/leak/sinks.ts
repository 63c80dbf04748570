/**
 * Every sink that may hold bytes of a running stack: Redis by key and by file, the object store by API and by file,
 * logs, admin pages, metrics of every process, and exported traces. Each sink has a name for findings.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { Stack } from '@cardseal/dev';
import { Redis } from 'ioredis';
import { scrapeAll } from '../support/scrape.ts';
import type { SecretPattern } from './secret-patterns.ts';

export interface Sink {
  name: string;
  bytes: Buffer;
}

export interface Finding {
  sink: string;
  label: string;
}

/** Searches one sink after the other, so that only one is in memory. */
export async function findLeaks(sinks: AsyncIterable<Sink>, patterns: readonly SecretPattern[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const { name, bytes } of sinks) {
    for (const pattern of patterns) {
      if (bytes.includes(pattern.bytes)) findings.push({ sink: name, label: pattern.label });
    }
  }
  return findings;
}

/** @param exported the bodies that the trace collector has received so far. */
export async function* everySink(stack: Stack, dataDir: string, exported: readonly Buffer[]): AsyncGenerator<Sink> {
  for (const bytes of exported) yield { name: 'trace export', bytes };
  for (const { from, text } of await scrapeAll(dataDir)) yield { name: `metrics ${from}`, bytes: Buffer.from(text) };
  yield* redisKeys(stack.info.redisUrl);
  yield* objects(stack.info.s3);
  yield* adminPages(stack);
  yield* files(dataDir, ['redis', 's3', 'logs']);
}

/**
 * Keys and values in the plain serialisation that the stack's Redis uses; then saves, so that the files contain them
 * too.
 */
async function* redisKeys(url: string): AsyncGenerator<Sink> {
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

async function* objects(info: Stack['info']['s3']): AsyncGenerator<Sink> {
  const client = storeClient(info);
  let ContinuationToken: string | undefined;
  do {
    const page = await client.send(new ListObjectsV2Command({ Bucket: info.bucket, ContinuationToken }));
    for (const { Key } of page.Contents ?? []) {
      // The object may have been deleted since the listing. Then only its name is searched.
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

/** Every tenant and job, as a page and as JSON, including the masked result. */
async function* jobPages({ tenant }: Stack['info'], page: (route: string) => Promise<Sink>): AsyncGenerator<Sink> {
  yield await page(`/tenants/${tenant}`);
  yield await page(`/api/tenants/${tenant}/keys`);
  const list = await page('/api/jobs?limit=100');
  for (const id of new Set(list.bytes.toString().match(/job_[0-9A-Z]{26}/g))) {
    yield await page(`/jobs/${tenant}/${id}`);
    yield await page(`/api/jobs/${tenant}/${id}`);
  }
}

/** All admin pages, and Bull Board: every list of every queue, and every listed job with its logs. */
async function* adminPages({ info }: Stack): AsyncGenerator<Sink> {
  const login = await fetch(`${info.adminUrl}/login`, {
    method: 'POST',
    body: JSON.stringify(info.admin),
    headers: { 'content-type': 'application/json' },
  });
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
  const page = async (route: string): Promise<Sink> => {
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

async function* files(dataDir: string, folders: readonly string[]): AsyncGenerator<Sink> {
  for (const folder of folders) {
    const entries = await readdir(path.join(dataDir, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((one) => one.isFile())) {
      const file = path.join(entry.parentPath, entry.name);
      const bytes = await readFile(file).catch(() => null);
      if (bytes) yield { name: `file ${path.relative(dataDir, file)}`, bytes };
    }
  }
}
