/** The checks of Redis and store at an app's start: advice in its log, and in production no start on a Redis that evicts. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type RedisServer, startRedis } from '@cardseal/dev';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestStack } from '../../support/stack.ts';

const PRODUCTION = {
  CARDSEAL_ENV: 'production',
  WEBHOOK_ALLOW_TARGETS: '',
  PUBLIC_URL: 'https://cards.example.com',
};

describe('on a Redis that evicts', () => {
  let folder: string;
  let redis: RedisServer;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'cardseal-evicting-'));
    redis = await startRedis({ dataDir: folder, extraLines: ['maxmemory-policy allkeys-lru'] });
  });
  afterAll(async () => {
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('every app says so in development, and starts', async () => {
    const app = await startTestStack({ redisUrl: redis.url });
    try {
      for (const name of ['api', 'worker-1', 'admin']) {
        const codes = async () => {
          const log = await readFile(path.join(app.dataDir, 'logs', `${name}.log`), 'utf8');
          const lines = [...log.matchAll(/^.*"event":"foundation\.advice".*$/gm)];
          return lines.map(([line]) => (JSON.parse(line) as { code: string }).code);
        };
        await expect.poll(codes, { message: name }).toEqual(expect.arrayContaining(['redis_evicts', 'keys_not_apart']));
      }
    } finally {
      await app.stop();
    }
  });

  it('none starts in production', async () => {
    const apps = { ...PRODUCTION, ALLOW_PLAINTEXT: 's3,provider' };
    await expect(startTestStack({ redisUrl: redis.url, apps })).rejects.toThrow(/maxmemory-policy must be noeviction/);
  });
});
