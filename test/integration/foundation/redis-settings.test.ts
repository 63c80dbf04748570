/** The Redis of infra/redis, its user with just what it may, under a whole stack; TLS and paths alone are changed for the machine. */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { generateSpecimens } from '@cardseal/emulator/cards';
import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { startTestStack, startWebhookSink } from '../../support/stack.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const PASSWORD = 'only-for-this-test';
const run = promisify(execFile);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** The files as they are in the repository, with a port, a folder and a password of this machine. */
function writeSettings(folder: string, port: number): string {
  const conf = readFileSync(path.join(ROOT, 'infra/redis/redis.conf'), 'utf8')
    .replace(/^(tls-.*)$/gm, '')
    .replace(/^port 0$/m, `port ${port}\nbind 127.0.0.1\ndir ${folder}`)
    .replace('/etc/redis/users.acl', path.join(folder, 'users.acl'));
  const hash = createHash('sha256').update(PASSWORD).digest('hex');
  const users = readFileSync(path.join(ROOT, 'infra/redis/users.acl'), 'utf8').replace('PASSWORD_SHA256', hash);
  writeFileSync(path.join(folder, 'users.acl'), users);
  writeFileSync(path.join(folder, 'redis.conf'), conf);
  return path.join(folder, 'redis.conf');
}

it('a card goes through the Redis of production, and the doctor has nothing to say of it', {
  timeout: 240_000,
}, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardseal-redis-'));
  const port = await freePort();
  const server = spawn('redis-server', [writeSettings(folder, port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const redisUrl = `redis://cardseal:${PASSWORD}@127.0.0.1:${port}`;
  const redis = new Redis(redisUrl);
  redis.on('error', () => {});
  const sink = await startWebhookSink();
  try {
    if (redis.status !== 'ready') await new Promise((resolve) => redis.once('ready', resolve));
    const app = await startTestStack({ redisUrl });
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
      const cli = path.join(ROOT, 'apps/cli/src/main.ts');
      const { stdout } = await run(process.execPath, [cli, 'doctor', '--json'], {
        env: { ...app.stack.env, REDIS_URL: redisUrl },
      });
      const { advice, keys } = JSON.parse(stdout) as { advice: { code: string }[]; keys: object };
      expect(advice.map(({ code }) => code).filter((code) => code.startsWith('redis_'))).toEqual([]);
      expect(keys).toMatchObject({ trouble: null, tenants: 2 });
      const strict = run(process.execPath, [cli, 'doctor', '--json', '--strict'], {
        env: { ...app.stack.env, REDIS_URL: redisUrl },
      });
      await expect(strict).rejects.toMatchObject({ code: 1 });
    } finally {
      await app.stop();
    }
    await expect(redis.flushall()).rejects.toThrow('NOPERM');
    await expect(redis.config('SET', 'maxmemory', '1')).rejects.toThrow('NOPERM');
    await expect(redis.set('another:key', '1')).rejects.toThrow('NOPERM');
  } finally {
    redis.disconnect();
    await sink.stop();
    server.kill('SIGTERM');
    await once(server, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
});
