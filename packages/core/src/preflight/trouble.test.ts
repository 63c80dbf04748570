import { DefectError, ThrottledError, TransientError } from '@cardseal/base/errors';
import { describe, expect, it } from 'vitest';
import { causeOf, describeTrouble } from './trouble.ts';

const failure = (code: string, more: object = {}) => Object.assign(new Error('secret text'), { code, ...more });
const env = {
  REDIS_URL: 'rediss://user:secret@redis.bank:6380/1',
  S3_ENDPOINT: 'https://s3.bank',
  S3_BUCKET: 'cards',
  S3_KEYS_BUCKET: 'keys',
  KMS_KEY_ID: 'alias/cardseal',
  KMS_REGION: 'cn-north-1',
};

describe('trouble beneath', () => {
  it.each([
    [
      new TransientError('store_unavailable', { cause: failure('ECONNREFUSED') }),
      'the object store at https://s3.bank (buckets cards, keys) cannot be used: nothing listens there (ECONNREFUSED)',
    ],
    [
      new TransientError('store_unavailable', { cause: Object.assign(new Error(''), { name: 'NoSuchBucket' }) }),
      'the object store at https://s3.bank (buckets cards, keys) cannot be used: the bucket does not exist (NoSuchBucket)',
    ],
    [
      new DefectError('store_ignores_conditions'),
      'the object store at https://s3.bank (buckets cards, keys) ignores If-None-Match, which Cardseal needs',
    ],
    [
      new TransientError('queue_unavailable', { cause: new AggregateError([failure('ENOTFOUND')]) }),
      'Redis at rediss://redis.bank:6380 cannot be used: the host name does not resolve (ENOTFOUND)',
    ],
    [
      new ThrottledError('key_service_denied', 1, {
        cause: Object.assign(new Error(''), { name: 'DisabledException' }),
      }),
      'the key service at AWS KMS in cn-north-1 (key alias/cardseal) cannot be used: the key is disabled (DisabledException)',
    ],
  ])('%s names the service, the place and the cause', (error, sentence) => {
    expect(describeTrouble(error, env)).toBe(sentence);
  });

  it('names what it does not know by code and status, and never by text', () => {
    const unknown = Object.assign(failure('Odd'), { $metadata: { httpStatusCode: 418 } });
    expect(causeOf(new TransientError('store_unavailable', { cause: unknown }))).toBe('Odd, HTTP 418');
    expect(causeOf(Object.assign(new Error('WRONGPASS secret'), { name: 'ReplyError' }))).toContain('(WRONGPASS)');
    expect(describeTrouble(new Error('secret'), env)).toBeUndefined();
    expect(describeTrouble(new DefectError('seal_broken'), env)).toBeUndefined();
  });
});
