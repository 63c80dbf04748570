// Listings are complete, in byte order and page by page, for every kind of key.
import { ListObjectsV2Command, type ListObjectsV2CommandInput, PutObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect } from 'vitest';
import { check, storeUnderTest } from './store-under-test.ts';

const store = storeUnderTest();
const many = Array.from({ length: 2500 }, (_, n) => `jobs/t${n % 7}/${String(n).padStart(5, '0')}/request`);
const odd = [
  'odd/',
  'odd/a',
  'odd/a b',
  'odd/a+b',
  'odd/a-b',
  'odd/a/b',
  'odd/a/c',
  'odd/aa',
  'odd/Z',
  'odd/é',
  'odd/证',
  'odd/\u{fffd}',
  'odd/\u{20bb7}',
  'odd/%20',
  'odd/<&>"',
  'odd0',
];
const byBytes = (keys: string[]) => [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

beforeAll(async () => {
  const waiting = [...many, ...odd];
  const putSome = async () => {
    for (let Key = waiting.pop(); Key !== undefined; Key = waiting.pop()) {
      await store.client.send(new PutObjectCommand({ Bucket: store.bucket, Key, Body: Buffer.from(Key) }));
    }
  };
  await Promise.all(Array.from({ length: 16 }, putSome));
}, 120_000);

const page = (input: Partial<ListObjectsV2CommandInput>) =>
  store.client.send(new ListObjectsV2Command({ Bucket: store.bucket, ...input }));

/** All pages of a listing: keys, common prefixes and the size of each page. */
async function listAll(input: Partial<ListObjectsV2CommandInput>) {
  const all = { keys: [] as string[], prefixes: [] as string[], pages: [] as number[] };
  let ContinuationToken: string | undefined;
  do {
    const answer = await page({ ...input, ...(ContinuationToken && { ContinuationToken }) });
    all.keys.push(...(answer.Contents ?? []).map(({ Key }) => Key as string));
    all.prefixes.push(...(answer.CommonPrefixes ?? []).map(({ Prefix }) => Prefix as string));
    all.pages.push(answer.KeyCount as number);
    ContinuationToken = answer.IsTruncated ? answer.NextContinuationToken : undefined;
  } while (ContinuationToken);
  return all;
}

describe('pages', () => {
  check('2,500 keys come in pages of 1,000, complete and in byte order', async () => {
    const all = await listAll({ Prefix: 'jobs/' });
    expect(all.keys).toEqual(byBytes(many));
    expect(all.pages).toEqual([1000, 1000, 500]);
  });

  check('pages of 97 show the same', async () => {
    expect((await listAll({ Prefix: 'jobs/', MaxKeys: 97 })).keys).toEqual(byBytes(many));
  });

  check('with a delimiter each folder is one line, also across pages', async () => {
    const tenants = Array.from({ length: 7 }, (_, n) => `jobs/t${n}/`);
    expect(await listAll({ Prefix: 'jobs/', Delimiter: '/', MaxKeys: 3 })).toEqual({
      keys: [],
      prefixes: tenants,
      pages: [3, 3, 1],
    });
  });

  check('2,500 keys below a delimiter are paged as lines', async () => {
    const all = await listAll({ Prefix: 'jobs/t3/', Delimiter: '/', MaxKeys: 100 });
    const wanted = byBytes(many.filter((key) => key.startsWith('jobs/t3/'))).map((key) =>
      key.slice(0, -'request'.length),
    );
    expect([all.prefixes, all.keys]).toEqual([wanted, []]);
  });

  check('the top level shows folders and keys together', async () => {
    const all = await listAll({ Delimiter: '/' });
    expect(all).toMatchObject({ keys: ['odd0'], prefixes: ['jobs/', 'odd/'] });
  });

  check('max-keys 0 shows nothing and is not truncated', async () => {
    expect(await page({ MaxKeys: 0 })).toMatchObject({ KeyCount: 0, IsTruncated: false });
  });

  check('an unused prefix lists nothing', async () => {
    expect(await listAll({ Prefix: 'pending/' })).toEqual({ keys: [], prefixes: [], pages: [0] });
  });

  check('a page that is exactly full is the last one', async () => {
    const answer = await page({ Prefix: 'jobs/t6/', MaxKeys: 357 });
    expect([answer.KeyCount, answer.IsTruncated]).toEqual([357, false]);
  });
});

describe('order and names', () => {
  check('strange keys come whole and in the order of their UTF-8 bytes', async () => {
    expect((await listAll({ Prefix: 'odd' })).keys).toEqual(byBytes(odd));
  });

  check('page by page of one, too', async () => {
    expect((await listAll({ Prefix: 'odd', MaxKeys: 1 })).keys).toEqual(byBytes(odd));
  });

  check('strange keys with a delimiter', async () => {
    const all = await listAll({ Prefix: 'odd/', Delimiter: '/' });
    const wanted = byBytes(odd.filter((key) => key.startsWith('odd/') && !key.startsWith('odd/a/')));
    expect([all.keys, all.prefixes]).toEqual([wanted, ['odd/a/']]);
  });

  check('a delimiter of several characters', async () => {
    const all = await listAll({ Prefix: 'jobs/t0/', Delimiter: '0/request' });
    const wanted = byBytes(many.filter((key) => key.startsWith('jobs/t0/')));
    expect(all.prefixes).toEqual(wanted.filter((key) => key.endsWith('0/request')));
    expect(all.keys).toEqual(wanted.filter((key) => !key.endsWith('0/request')));
  });

  check('start-after begins above the given key, whether or not it exists', async () => {
    const sorted = byBytes(odd);
    expect((await listAll({ Prefix: 'odd', StartAfter: 'odd/a+b' })).keys).toEqual(
      sorted.slice(sorted.indexOf('odd/a+b') + 1),
    );
    expect((await listAll({ Prefix: 'odd', StartAfter: 'odd/a+c' })).keys).toEqual(
      sorted.slice(sorted.indexOf('odd/a+b') + 1),
    );
    expect((await listAll({ Prefix: 'jobs/', StartAfter: 'jobs/t3/', MaxKeys: 500 })).keys).toEqual(
      byBytes(many).filter((key) => key > 'jobs/t3/'),
    );
  });

  check('encoding-type=url gives percent-encoded names', async () => {
    const answer = await page({ Prefix: 'odd/', EncodingType: 'url' });
    const names = (answer.Contents ?? []).map(({ Key }) => decodeURIComponent((Key as string).replaceAll('+', ' ')));
    expect(answer.EncodingType).toBe('url');
    expect(names).toEqual(byBytes(odd.filter((key) => key.startsWith('odd/'))));
  });

  check('an entry has size, ETag and time', async () => {
    const [line] = (await page({ Prefix: 'odd/aa' })).Contents ?? [];
    expect(line).toMatchObject({ Key: 'odd/aa', Size: 6, ETag: expect.stringMatching(/^"[0-9a-f]{32}"$/) });
    expect(Math.abs(Number(line?.LastModified) - Date.now())).toBeLessThan(300_000);
  });
});
