import { describe, expect, it } from 'vitest';
import { type BootRedis, runPreflight } from './boot.ts';

const PLACES = { S3_REGION: 'x', S3_BUCKET: 'cards', S3_FORCE_PATH_STYLE: true };

/** Evicting or not; `answer` makes it answer when it was away. */
function redisWith(policy: string, away = false) {
  const settings: Record<string, string> = { 'maxmemory-policy': policy, maxmemory: '1000000', appendonly: 'yes' };
  let ready = () => {};
  const redis: BootRedis = {
    status: away ? 'connecting' : 'ready',
    once: (_event, listener) => {
      ready = listener;
    },
    on: (_event, listener) => listener(Object.assign(new Error('secret'), { code: 'ECONNREFUSED' })),
    config: async (_get, name) => [name, settings[name]],
    info: async () => '',
  };
  return { redis, answer: () => ready() };
}

function boot(environment: string, redis: BootRedis, store: () => Promise<never[]> = async () => []) {
  const told: string[] = [];
  const at = (level: string) => (event: string, fields?: object) =>
    void told.push(`${level} ${(fields as { code?: string }).code ?? `${event} ${JSON.stringify(fields)}`}`);
  const log = { warn: at('warn'), info: at('info') };
  const env = { CARDSEAL_ENV: environment, REDIS_URL: 'redis://127.0.0.1:6379/0', ...PLACES };
  return { told, done: runPreflight({ env, redis, log, store, patienceMs: 30 }) };
}

describe('the preflight checks at the start', () => {
  it('says nothing of a Redis as it should be', async () => {
    const { told, done } = boot('production', redisWith('noeviction').redis);
    await done;
    expect(told).toEqual([]);
  });

  it('refuses the start in production on a Redis that evicts, and says why in the log too', async () => {
    const { told, done } = boot('production', redisWith('allkeys-lru').redis);
    await expect(done).rejects.toThrow(/noeviction/);
    expect(told).toEqual(['warn redis_evicts']);
  });

  it('only reports it in development', async () => {
    const { told, done } = boot('dev', redisWith('allkeys-lru').redis);
    await done;
    expect(told).toEqual(['info redis_evicts']);
  });

  it('does not wait for an unavailable Redis, and reports when Redis responds', async () => {
    const { redis, answer } = redisWith('allkeys-lru', true);
    const { told, done } = boot('production', redis);
    await done;
    const unreachable =
      'warn redis.unreachable {"host":"redis://127.0.0.1:6379","cause":"nothing listens there (ECONNREFUSED)"}';
    expect(told).toEqual([unreachable]);
    answer();
    await expect.poll(() => told).toEqual([unreachable, 'warn redis_evicts']);
  });

  it('is not stopped by a store that fails or hangs', async () => {
    await boot('production', redisWith('noeviction').redis, () => Promise.reject(new Error('away'))).done;
    await boot('production', redisWith('noeviction').redis, () => new Promise(() => {})).done;
  });
});
