import type { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { scan } from './object-store.ts';
import { s3ObjectStore } from './s3-object-store.ts';

type Answer = { Contents?: { Key: string }[]; IsTruncated: boolean; NextContinuationToken?: string };

/** After a hundred requests the test stops: the listing does not end. */
function storeThatAnswers(answer: (request: number) => Answer) {
  let requests = 0;
  const send = async () => {
    requests++;
    if (requests > 100) throw new RangeError('endless');
    return answer(requests);
  };
  return { store: s3ObjectStore({ send } as unknown as S3Client, 'bucket'), requests: () => requests };
}

const ENDLESS: Record<string, (request: number) => Answer> = {
  'sends the same token with every empty page': () => ({ IsTruncated: true, NextContinuationToken: 'a' }),
  'sends three tokens in turn with empty pages': (request) => ({
    IsTruncated: true,
    NextContinuationToken: 'abc'[request % 3]!,
  }),
  'sends no token': () => ({ IsTruncated: true }),
  'ignores where a page has to start': () => ({
    Contents: Array.from({ length: 1000 }, (_, at) => ({ Key: `a/${String(at).padStart(4, '0')}` })),
    IsTruncated: true,
    NextContinuationToken: 'a',
  }),
};

describe('a listing from a store that', () => {
  it.each(Object.keys(ENDLESS))('%s ends with an error', async (what) => {
    const { store, requests } = storeThatAnswers(ENDLESS[what]!);
    await expect(Array.fromAsync(scan(store, 'a/'))).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(requests()).toBeLessThan(10);
  });
});
