import { describe, expect, it } from 'vitest';
import { type AskRedis, adviseOnRedis } from './redis.ts';
import { adviseOnKeys } from './store.ts';

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

  it('says when the disk fails, and when it is spoken to in clear beyond the machine', async () => {
    expect(await codes(redis(good, 'aof_last_write_status:err\r\n'))).toEqual(['redis_disk_fails']);
    expect(await codes(redis(good), { tls: false, loopback: false })).toEqual(['redis_plain']);
    expect(await codes(redis(good), { tls: false, loopback: true })).toEqual([]);
  });

  it('says when it may not ask', async () => {
    const closed: AskRedis = { ...redis(good), config: () => Promise.reject(new Error('NOPERM')) };
    expect(await codes(closed)).toEqual(['redis_config_hidden']);
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
