/** The Redis of infra/redis, its user with just what it may: port, folder, password and certificates alone are this machine's. */
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
  /** Of the user `cardseal`. */
  url: string;
  /** The file of the authority that signed its certificate; null without TLS. */
  authority: string | null;
  stop(): Promise<void>;
}

/** @param tls by a certificate of an authority of its own, as the file says; else its TLS lines are left out. */
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

/** The files as they are in the repository. Throws where a line that is changed here is no longer there. */
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
