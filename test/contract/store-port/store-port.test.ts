/** One suite for the object-store port, run on every implementation: the memory store and the SDK on an S3. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createS3Client, memoryObjectStore, type ObjectStore, s3ObjectStore, scan } from '@cardseal/object-store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createObjectStore, type FaultRule } from '../../../infra/dev/s3/index.ts';

const BUCKET = 'port';
const CREDENTIALS = { accessKeyId: 'PORTKEY', secretAccessKey: 'port-secret' };

/** @param faults how this S3 differs from a complete one; the port must hide every difference. */
async function doubleStore(faults: FaultRule[] = []): Promise<{ store: ObjectStore; stop(): Promise<void> }> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-port-'));
  const double = createObjectStore({
    dataDir,
    port: 0,
    region: 'us-east-1',
    buckets: [BUCKET],
    credentials: [CREDENTIALS],
  });
  const { port } = await double.start();
  const endpoint = `http://127.0.0.1:${port}`;
  await fetch(`${endpoint}/__control/faults`, { method: 'PUT', body: JSON.stringify(faults) });
  const client = createS3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: CREDENTIALS });
  return {
    store: s3ObjectStore(client, BUCKET),
    async stop() {
      client.destroy();
      await double.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

const implementations = {
  memory: async () => ({ store: memoryObjectStore() as ObjectStore, stop: async () => {} }),
  's3 (double)': () => doubleStore(),
  's3 that demands Content-MD5': () => doubleStore([{ kind: 'require_md5' }]),
  's3 that does not implement DeleteObjects': () =>
    doubleStore([{ kind: 'status', operation: 'DeleteObjects', status: 501, code: 'NotImplemented' }]),
  's3 that refuses DeleteObjects by its method': () =>
    doubleStore([{ kind: 'status', operation: 'DeleteObjects', status: 405, code: 'MethodNotAllowed' }]),
  's3 that misses a Content-MD5 whatever is sent': () =>
    doubleStore([{ kind: 'status', operation: 'DeleteObjects', status: 400, code: 'MissingContentMD5' }]),
  's3 whose DeleteObjects fails for some keys inside a 200': () =>
    doubleStore([{ kind: 'delete_errors', objectPattern: '[02468]$', code: 'NotImplemented' }]),
  's3 whose pages are empty or short': () => doubleStore([{ kind: 'thin_pages' }]),
  's3 whose pages are sometimes empty': () => doubleStore([{ kind: 'thin_pages', keys: 2, rate: 0.5 }]),
};

describe.each(Object.entries(implementations))('object store port: %s', (_name, open) => {
  let store: ObjectStore;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ store, stop } = await open());
  });
  afterAll(() => stop());
  const body = (text: string) => Buffer.from(text);

  it('reads what was written, and null for a missing object', async () => {
    await store.put('a/one', body('first'));
    expect((await store.get('a/one'))?.toString()).toBe('first');
    await store.put('a/one', body('second'));
    expect((await store.get('a/one'))?.toString()).toBe('second');
    expect(await store.get('a/none')).toBeNull();
  });

  it('distinguishes an empty object from a missing one', async () => {
    await store.put('a/empty', Buffer.alloc(0));
    expect((await store.get('a/empty'))?.length).toBe(0);
  });

  it("creates once; the same bytes again count as the caller's own earlier write", async () => {
    expect(await store.create('b/claim', body('mine'))).toBe(true);
    expect(await store.create('b/claim', body('yours'))).toBe(false);
    expect(await store.create('b/claim', body('mine'))).toBe(true);
    expect((await store.get('b/claim'))?.toString()).toBe('mine');
  });

  it('lets one of many writers win', async () => {
    for (let race = 0; race < 10; race++) {
      const wins = await Promise.all(Array.from({ length: 8 }, () => store.create(`c/${race}`, body(randomUUID()))));
      expect(wins.filter(Boolean)).toHaveLength(1);
    }
  });

  it('deletes several objects, also missing ones', async () => {
    await store.put('d/1', body('x'));
    await store.put('d/2', body('x'));
    await store.delete(['d/1', 'd/2', 'd/3']);
    await store.delete([]);
    expect((await store.list('d/')).keys).toEqual([]);
  });

  it('deletes more than fit into one request', async () => {
    const names = Array.from({ length: 1005 }, (_, n) => `g/${n}`);
    for (const some of Array.from({ length: 15 }, (_, at) => names.slice(at * 67, (at + 1) * 67))) {
      await Promise.all(some.map((name) => store.put(name, body('x'))));
    }
    await store.put('h/kept', body('x'));
    await store.delete(names);
    expect((await store.list('g/')).keys).toEqual([]);
    expect((await store.list('h/')).keys).toEqual(['h/kept']);
  }, 60_000);

  it('lists by prefix in byte order, page by page, after a given name', async () => {
    const names = ['e/1', 'e/10', 'e/2', 'e/A', 'e/a', 'e/é', 'e/张', 'f/1'];
    for (const name of names) await store.put(name, body('x'));
    const all = names.slice(0, 7);
    expect((await store.list('e/')).keys).toEqual(all);
    const first = await store.list('e/', { limit: 3 });
    expect(first).toEqual({ keys: all.slice(0, 3), next: all[2] });
    expect((await store.list('e/', { startAfter: first.next! })).keys).toEqual(all.slice(3));
    expect(await Array.fromAsync(scan(store, 'e/'))).toEqual(all);
    expect(await store.list('nothing/')).toEqual({ keys: [], next: null });
  });
});
