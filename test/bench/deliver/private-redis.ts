/** A private Redis for one run: a free port, nothing on disk, stopped at the end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '@cardseal/dev';
import { Redis } from 'ioredis';

export interface PrivateRedis {
  redis: Redis;
  url: string;
  pid: number;
  /** Idempotent. */
  stop(): Promise<void>;
}

export async function startPrivateRedis(): Promise<PrivateRedis> {
  const port = await freePort();
  const server = spawn('redis-server', [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
  ]);
  for await (const chunk of server.stdout) if (String(chunk).includes('Ready to accept')) break;
  if (server.exitCode !== null) throw new Error('redis-server ended before it was ready');
  server.stdout.resume();
  const redis = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: null });
  return {
    redis,
    url: `redis://127.0.0.1:${port}`,
    pid: server.pid!,
    async stop() {
      redis.disconnect();
      if (server.exitCode !== null || server.signalCode !== null) return;
      const ended = once(server, 'exit');
      server.kill('SIGCONT');
      server.kill('SIGTERM');
      await ended;
    },
  };
}
