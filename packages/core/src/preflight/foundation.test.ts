import { readFileSync } from 'node:fs';
import { GetBucketVersioningCommand, type S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { type AskRedis, adviseOnRedis } from './redis.ts';
import { adviseOnKeys, adviseOnStore } from './store.ts';

const good: Record<string, string> = { 'maxmemory-policy': 'noeviction', maxmemory: '1000000', appendonly: 'yes' };
const away = { tls: true, loopback: false };

function redis(settings: Record<string, string>, persistence = 'aof_last_write_status:ok\r\n'): AskRedis {
  return { config: async (_get, name) => [name, settings[name]], info: async () => persistence };
}
const codes = async (asked: AskRedis, connection = away) =>
  (await adviseOnRedis(asked, connection)).map(({ code }) => code);

describe('advice on Redis', () => {
  it('has nothing to say of the one that infra/redis describes', async () => {
    expect(await codes(redis(good))).toEqual([]);
  });

  it.each([
    [{ 'maxmemory-policy': 'allkeys-lru' }, 'redis_evicts'],
    [{ maxmemory: '0' }, 'redis_unbounded'],
    [{ appendonly: 'no' }, 'redis_not_persistent'],
  ])('of %o says %s', async (change, code) => {
    expect(await codes(redis({ ...good, ...change }))).toEqual([code]);
  });

  it('reports a failed disk, and unencrypted connections beyond the machine', async () => {
    expect(await codes(redis(good, 'aof_last_write_status:err\r\n'))).toEqual(['redis_disk_fails']);
    expect(await codes(redis(good), { tls: false, loopback: false })).toEqual(['redis_plain']);
    expect(await codes(redis(good), { tls: false, loopback: true })).toEqual([]);
  });

  it('says when it may not ask', async () => {
    const closed: AskRedis = { ...redis(good), config: () => Promise.reject(new Error('NOPERM')) };
    expect(await codes(closed)).toEqual(['redis_config_hidden']);
  });
});

/** Two buckets as infra/s3 describes them, without the rules. */
const storeWith = (Rules: unknown[]) =>
  ({
    send: async (command: { input: { Bucket?: string } }) =>
      command instanceof GetBucketVersioningCommand
        ? { Status: command.input.Bucket === 'cards' ? 'Enabled' : undefined }
        : { Rules },
  }) as unknown as S3Client;
const rules: { NoncurrentVersionExpiration?: object; Expiration?: object }[] = JSON.parse(
  readFileSync(new URL('../../../../infra/s3/lifecycle-data.json', import.meta.url), 'utf8'),
).Rules;

describe('advice on the store', () => {
  const places = { endpoint: undefined, bucket: 'cards', keysBucket: 'keys' };
  const codes = async (given: unknown[]) => (await adviseOnStore(storeWith(given), places)).map(({ code }) => code);

  it('has nothing to say of the rules that infra/s3 gives', async () => {
    expect(await codes(rules)).toEqual([]);
  });

  it('says when old versions, or the markers of deletions, are kept for ever', async () => {
    expect(await codes([])).toEqual(['data_versions_kept', 'data_markers_kept']);
    expect(await codes(rules.map(({ NoncurrentVersionExpiration: _, ...rule }) => rule))).toEqual([
      'data_versions_kept',
    ]);
    expect(await codes(rules.map(({ Expiration: _, ...rule }) => rule))).toEqual(['data_markers_kept']);
    expect(await codes(rules.map((rule) => ({ ...rule, Status: 'Disabled' })))).toHaveLength(2);
  });
});

describe('advice on keys', () => {
  it('prefers a KMS, and a service that answers', () => {
    expect(adviseOnKeys({ master: 'kms:arn', trouble: null })).toEqual([]);
    expect(adviseOnKeys({ master: 'file:1', trouble: null }).map(({ code }) => code)).toEqual(['key_file']);
    const silent = adviseOnKeys({ master: null, trouble: 'key_service_denied' });
    expect(silent.map(({ code }) => code)).toEqual(['key_service_silent']);
  });
});
