/** A private Redis for tests: its own port, nothing on disk, ended with the test. Never used by an app. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Redis } from 'ioredis';

export interface PrivateRedis {
  port: number;
  redis: Redis;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export async function startPrivateRedis(args: string[] = [], onPort?: number): Promise<PrivateRedis> {
  const port = onPort ?? (await freePort());
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', ...args]);
  await ready(server);
  const redis = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  await redis.ping();
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    redis.disconnect();
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill(signal);
    await ended;
  };
  return { port, redis, stop };
}

async function ready(server: ChildProcess): Promise<void> {
  for await (const chunk of server.stdout!) {
    if (String(chunk).includes('Ready to accept connections')) break;
  }
  if (server.exitCode !== null) throw new Error('redis-server ended before it was ready');
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  const closed = once(probe, 'close');
  probe.close();
  await closed;
  return typeof address === 'object' && address ? address.port : 0;
}
