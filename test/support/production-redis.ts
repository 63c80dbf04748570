/**
 * A Redis with the configuration and user of infra/redis. Only port, folder, password and certificates differ from
 * production.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '@cardseal/dev';
import { Redis } from 'ioredis';
import { type Certificates, makeCertificates } from './certificates.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PASSWORD = 'only-for-this-test';
const READY_WITHIN_MS = 15_000;

export interface ProductionRedis {
  /** For the user `cardseal`. */
  url: string;
  /** The certificate file of the authority; null without TLS. */
  authority: string | null;
  stop(): Promise<void>;
}

/** @param tls uses a new authority and the TLS lines of the file; without it these lines are removed. */
export async function startProductionRedis({ tls = false } = {}): Promise<ProductionRedis> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardseal-redis-'));
  const port = await freePort();
  const certificates = tls ? makeCertificates(folder) : null;
  const server = spawn('redis-server', [writeSettings(folder, port, certificates)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(server, 'exit');
  const url = `${tls ? 'rediss' : 'redis'}://cardseal:${PASSWORD}@127.0.0.1:${port}`;
  const stop = async () => {
    server.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await Promise.race([
      untilPong(url, certificates),
      ended.then(() => Promise.reject(new Error('redis-server ended'))),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, authority: certificates?.authority ?? null, stop };
}

/** Writes the repository's files with this machine's values. Throws when a line that it changes no longer exists. */
function writeSettings(folder: string, port: number, certificates: Certificates | null): string {
  const source = readFileSync(path.join(ROOT, 'infra/redis/redis.conf'), 'utf8');
  const replace = (text: string, from: RegExp | string, to: string) => {
    if (text.search(from) === -1) throw new Error(`redis.conf: no ${from}`);
    return text.replaceAll(from, to);
  };
  const here = `bind 127.0.0.1\ndir ${folder}`;
  const served = certificates
    ? [
        [/^tls-port 6379$/gm, `tls-port ${port}\n${here}`],
        ['/etc/redis/tls/tls.crt', certificates.certificate],
        ['/etc/redis/tls/tls.key', certificates.key],
        ['/etc/redis/tls/ca.crt', certificates.authority],
      ]
    : [
        [/^tls-.*$/gm, ''],
        [/^port 0$/gm, `port ${port}\n${here}`],
      ];
  const changes = [...served, ['/etc/redis/users.acl', path.join(folder, 'users.acl')]] as [RegExp | string, string][];
  const conf = changes.reduce((text, [from, to]) => replace(text, from, to), source);
  const hash = createHash('sha256').update(PASSWORD).digest('hex');
  const users = readFileSync(path.join(ROOT, 'infra/redis/users.acl'), 'utf8').replace('PASSWORD_SHA256', hash);
  writeFileSync(path.join(folder, 'users.acl'), users);
  writeFileSync(path.join(folder, 'redis.conf'), conf);
  return path.join(folder, 'redis.conf');
}

async function untilPong(url: string, certificates: Certificates | null): Promise<void> {
  const ca = certificates && readFileSync(certificates.authority);
  const redis = new Redis(url, {
    ...(ca ? { tls: { ca } } : {}),
    retryStrategy: () => 50,
    maxRetriesPerRequest: null,
  });
  let last: Error | null = null;
  redis.on('error', (error) => {
    last = error;
  });
  try {
    const late = delay(READY_WITHIN_MS).then(() => Promise.reject(new Error('redis does not answer', { cause: last })));
    await Promise.race([redis.ping(), late]);
  } finally {
    redis.disconnect();
  }
}
