/** A whole stack on the Redis settings of infra/redis, with its restricted user and TLS. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { generateSpecimens } from '@cardseal/emulator/cards';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ProductionRedis, startProductionRedis } from '../../support/production-redis.ts';
import { startTestStack, startWebhookSink, type WebhookSink } from '../../support/stack.ts';

const CLI = path.resolve(import.meta.dirname, '../../../apps/cli/src/main.ts');
const run = promisify(execFile);

let server: ProductionRedis;
let sink: WebhookSink;

beforeAll(async () => {
  [server, sink] = await Promise.all([startProductionRedis({ tls: true }), startWebhookSink()]);
});
afterAll(async () => {
  await Promise.all([server?.stop(), sink?.stop()]);
});

it('a card goes through the Redis of production, and the doctor has nothing to say of it', {
  timeout: 240_000,
}, async () => {
  const app = await startTestStack({ redisUrl: server.url, env: { NODE_EXTRA_CA_CERTS: server.authority! } });
  try {
    const headers = { 'content-type': 'application/json' };
    const { body } = await app.call('POST', '/v1/webhook-endpoints', {
      headers,
      body: JSON.stringify({ url: sink.url }),
    });
    sink.verifyWith(body.secret);
    const [specimen] = await Array.fromAsync(generateSpecimens({ count: 1, seed: 4, scenario: 'good', scale: 0.5 }));
    const job = await app.submit({ front: specimen!.front! });
    expect((await app.finished(job.id)).state).toBe('succeeded');
    await sink.events(job.id);
    // The API accepts without Redis too: the finished job shows that this Redis was used.
    expect((await app.call('GET', '/readyz')).body).toEqual({ status: 'ok', redis: 'ok' });
    const doctor = (...flags: string[]) =>
      run(process.execPath, [CLI, 'doctor', '--json', ...flags], { env: app.stack.env as NodeJS.ProcessEnv });
    const { advice, keys } = JSON.parse((await doctor()).stdout) as { advice: { code: string }[]; keys: object };
    expect(advice.map(({ code }) => code).filter((code) => code.startsWith('redis_'))).toEqual([]);
    expect(keys).toMatchObject({ trouble: null, tenants: 2 });
    await expect(doctor('--strict')).rejects.toMatchObject({ code: 1 });
  } finally {
    await app.stop();
  }
});

it('its user may not empty it, change its settings, or touch what is not ours', async () => {
  const redis = new Redis(server.url, { tls: { ca: readFileSync(server.authority!) } });
  try {
    await expect(redis.flushall()).rejects.toThrow('NOPERM');
    await expect(redis.config('SET', 'maxmemory', '1')).rejects.toThrow('NOPERM');
    await expect(redis.set('another:key', '1')).rejects.toThrow('NOPERM');
  } finally {
    redis.disconnect();
  }
});

it('a client that does not trust its authority does not connect', async () => {
  const redis = new Redis(server.url, { retryStrategy: () => null, lazyConnect: true });
  redis.on('error', () => {});
  await expect(redis.connect()).rejects.toThrow();
});
