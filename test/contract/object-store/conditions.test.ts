// Conditional requests. The ledger depends on them: one conditional write decides between two writers.
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { describe, expect } from 'vitest';
import { callSigned } from './hand-signed.ts';
import { type Refusal, refusalOf } from './refusal.ts';
import { check, storeUnderTest } from './store-under-test.ts';

const store = storeUnderTest();
const refused412: Refusal = { code: 'PreconditionFailed', status: 412 };
const put = (Key: string, Body: string, more: Partial<PutObjectCommandInput> = {}) =>
  store.client.send(new PutObjectCommand({ Bucket: store.bucket, Key, Body: Buffer.from(Body), ...more }));
const get = (Key: string, more: Partial<GetObjectCommandInput> = {}) =>
  store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key, ...more }));
const textOf = async (Key: string) => (await get(Key)).Body?.transformToString();

/** Starts eight writers on one key at once; each writes its own name. */
async function race(
  key: string,
  conditions: Partial<PutObjectCommandInput>,
): Promise<{ winners: string[]; losers: Refusal[] }> {
  const writers = Array.from({ length: 8 }, (_, n) => `writer ${n}`);
  const results = await Promise.allSettled(writers.map((writer) => put(key, writer, conditions)));
  const winners = writers.filter((_, n) => results[n]?.status === 'fulfilled');
  const rejected = results.filter((result) => result.status === 'rejected');
  return { winners, losers: await Promise.all(rejected.map(({ reason }) => refusalOf(Promise.reject(reason)))) };
}

describe('conditional writes', () => {
  check('If-None-Match: * creates once; the second writer gets 412 and changes nothing', async () => {
    await put('once', 'first', { IfNoneMatch: '*' });
    expect(await refusalOf(put('once', 'second', { IfNoneMatch: '*' }))).toEqual(refused412);
    expect(await textOf('once')).toBe('first');
  });

  check('the refusal is the XML that S3 sends', async () => {
    await put('worded', 'first');
    const answer = await callSigned(store, {
      method: 'PUT',
      key: 'worded',
      headers: { 'if-none-match': '*' },
      body: Buffer.from('x'),
    });
    expect([answer.status, answer.code]).toEqual([412, 'PreconditionFailed']);
    expect(String(answer.headers['content-type'])).toContain('application/xml');
    expect(answer.body.toString()).toMatch(
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\s*<Error><Code>PreconditionFailed<\/Code>/,
    );
  });

  check('If-None-Match: * creates again what was deleted', async () => {
    await put('again', 'first', { IfNoneMatch: '*' });
    await store.client.send(new DeleteObjectCommand({ Bucket: store.bucket, Key: 'again' }));
    await put('again', 'second', { IfNoneMatch: '*' });
    expect(await textOf('again')).toBe('second');
  });

  check(
    '30 races of 8 writers with If-None-Match: *: one winner each, whose bytes stay; every loser gets 412',
    async () => {
      for (let round = 0; round < 30; round++) {
        const { winners, losers } = await race(`race/${round}`, { IfNoneMatch: '*' });
        expect(winners).toHaveLength(1);
        expect(losers).toEqual(Array.from({ length: 7 }, () => refused412));
        expect(await textOf(`race/${round}`)).toBe(winners[0]);
      }
    },
  );

  check('an object of 3 MB is decided like a small one', async () => {
    const large = 'x'.repeat(3_000_000);
    const writers = ['a', 'b', 'c'].map((name) => put('large', name + large, { IfNoneMatch: '*' }));
    const results = await Promise.allSettled(writers);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  check('If-Match with the current ETag writes; with an old one it is 412', async () => {
    const { ETag } = await put('matched', 'first');
    await put('matched', 'second', { IfMatch: ETag });
    expect(await refusalOf(put('matched', 'third', { IfMatch: ETag }))).toEqual(refused412);
    expect(await textOf('matched')).toBe('second');
  });

  check('If-Match understands a bare ETag, without quotes', async () => {
    const bare = (await put('bare', 'first')).ETag?.replaceAll('"', '') as string;
    await put('bare', 'second', { IfMatch: bare });
    expect(await refusalOf(put('bare', 'third', { IfMatch: bare }))).toEqual(refused412);
  });

  check('If-Match on nothing is 404', async () => {
    expect(await refusalOf(put('matched/nothing', 'x', { IfMatch: '"0123456789abcdef0123456789abcdef"' }))).toEqual({
      code: 'NoSuchKey',
      status: 404,
    });
  });

  check('30 races of 8 writers with If-Match: one winner each', async () => {
    for (let round = 0; round < 30; round++) {
      const { ETag } = await put('race/match', `start ${round}`);
      const { winners, losers } = await race('race/match', { IfMatch: ETag });
      expect(winners).toHaveLength(1);
      expect(losers).toEqual(Array.from({ length: 7 }, () => refused412));
    }
  });

  check('a conditional delete with an old ETag is 412 and deletes nothing', async () => {
    const { ETag } = await put('deleted', 'first');
    await put('deleted', 'second');
    const remove = store.client.send(new DeleteObjectCommand({ Bucket: store.bucket, Key: 'deleted', IfMatch: ETag }));
    expect(await refusalOf(remove)).toEqual(refused412);
    expect(await textOf('deleted')).toBe('second');
  });
});

describe('conditional reads', () => {
  const past = new Date(Date.now() - 3600_000);
  const status = async (answer: Promise<unknown>) => (await refusalOf(answer)).status;

  check('If-None-Match: 304 for the current ETag, the body for another', async () => {
    const { ETag } = await put('read', 'body');
    expect(await status(get('read', { IfNoneMatch: ETag }))).toBe(304);
    expect(await (await get('read', { IfNoneMatch: '"0"' })).Body?.transformToString()).toBe('body');
  });

  check('If-Match: the body for the current ETag, 412 for another', async () => {
    const { ETag } = await put('read', 'body');
    expect(await (await get('read', { IfMatch: ETag })).Body?.transformToString()).toBe('body');
    expect(await status(get('read', { IfMatch: '"0"' }))).toBe(412);
  });

  check('If-Modified-Since: 304 when nothing is newer', async () => {
    await put('read', 'body');
    const modified = (await get('read')).LastModified as Date;
    expect(await status(get('read', { IfModifiedSince: modified }))).toBe(304);
    expect((await get('read', { IfModifiedSince: past })).$metadata.httpStatusCode).toBe(200);
  });

  check('If-Unmodified-Since: 412 when it is newer', async () => {
    await put('read', 'body');
    expect(await status(get('read', { IfUnmodifiedSince: past }))).toBe(412);
    const modified = (await get('read')).LastModified as Date;
    expect((await get('read', { IfUnmodifiedSince: modified })).$metadata.httpStatusCode).toBe(200);
  });
});
