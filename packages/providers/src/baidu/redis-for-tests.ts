/** A private Redis for the tests of this folder, on its own socket; without `redis-server` the tests fail. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';

export async function startRedisForTests() {
  const folder = await mkdtemp(join(tmpdir(), 'cardseal-redis-'));
  const path = join(folder, 'redis.sock');
  const args = ['--port', '0', '--unixsocket', path, '--save', '', '--appendonly', 'no', '--dir', folder];
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  await ready(server);
  const clients: Redis[] = [];
  return {
    connect(options: RedisOptions = {}): Redis {
      const client = new Redis({ path, ...options });
      client.on('error', () => {});
      clients.push(client);
      return client;
    },
    /** SIGSTOP and SIGCONT: a Redis that is reachable and does not respond. */
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    async stop() {
      for (const client of clients) client.disconnect();
      server.kill('SIGCONT');
      server.kill('SIGKILL');
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', () => reject(new Error('the program `redis-server` is needed for this test')));
    server.once('exit', () => reject(new Error('redis-server left before it was ready')));
    server.stdout!.setEncoding('utf8').on('data', (text: string) => {
      if (/ready to accept connections/i.test(text)) resolve();
    });
  });
}
