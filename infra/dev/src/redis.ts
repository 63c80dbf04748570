/**
 * A private Redis server on the loopback, as a child of the launcher or of a test. Its password is only in its
 * configuration file, it writes an append-only file in its data folder, and it never evicts. It is not a system daemon.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type ChildSpec, launchChild } from './child.ts';
import { createOrphanReaper, type OrphanReaper } from './orphan-reaper.ts';
import { freePort, LOOPBACK } from './ports.ts';
import { ensureRedisServer } from './redis-install.ts';
import { untilPong } from './redis-ping.ts';

const STOP_GRACE_MS = 15_000;

export interface RedisOptions {
  /** Contains `redis.conf` and the append-only file. The server loads existing data. */
  dataDir: string;
  /** 0 or absent for a free one. */
  port?: number;
  log?: (line: string) => void;
  /** Stores values uncompressed, so that the leak test can search the files for them. */
  plainFiles?: boolean;
  /** More lines for the configuration, such as `['appendfsync always']`. */
  extraLines?: readonly string[];
}

export interface RedisServer {
  /** Contains the password; all commands are allowed. The same folder and port give the same URL again. */
  readonly url: string;
  readonly pid: number;
  readonly port: number;
  /** Stops the server gracefully, or at once with SIGKILL. Idempotent. Resolves when it has exited. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export interface PlannedRedis {
  spec: ChildSpec;
  url: string;
  port: number;
}

/** Writes the configuration and returns how to start the server. Installs a server if there is none. */
export async function planRedis(options: RedisOptions): Promise<PlannedRedis> {
  const server = await ensureRedisServer(options.log ?? (() => {}));
  const port = options.port || (await freePort());
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const configFile = path.join(options.dataDir, 'redis.conf');
  const password = passwordIn(configFile) ?? randomBytes(24).toString('hex');
  writeFileSync(configFile, configuration({ ...options, port, password }), { mode: 0o600 });
  return {
    url: `redis://default:${password}@${LOOPBACK}:${port}/0`,
    port,
    spec: {
      name: 'redis',
      command: server,
      args: [configFile],
      env: process.env,
      port: { variable: 'REDIS_PORT', wanted: port },
      awaitReady: (signal) => untilPong(port, password, signal),
    },
  };
}

function passwordIn(configFile: string): string | undefined {
  if (!existsSync(configFile)) return undefined;
  return /^requirepass (\w+)$/m.exec(readFileSync(configFile, 'utf8'))?.[1];
}

function configuration(options: RedisOptions & { port: number; password: string }): string {
  const plain = options.plainFiles ? ['rdbcompression no', 'aof-use-rdb-preamble no'] : [];
  return [
    `bind ${LOOPBACK}`,
    `port ${options.port}`,
    `requirepass ${options.password}`,
    `dir ${JSON.stringify(path.resolve(options.dataDir))}`,
    'daemonize no',
    'save ""',
    'appendonly yes',
    // Redis must not evict BullMQ's data: a lost key is a lost queue entry.
    'maxmemory-policy noeviction',
    ...plain,
    ...(options.extraLines ?? []),
    '',
  ].join('\n');
}

/** Starts a separate server for a test. It stops when this process dies, and nothing restarts it. */
export async function startRedis(options: RedisOptions & { reaper?: OrphanReaper }): Promise<RedisServer> {
  const reaper = options.reaper ?? createOrphanReaper();
  const { spec, url, port } = await planRedis(options);
  try {
    const child = await launchChild(spec, { logsDir: options.dataDir, reaper });
    return {
      url,
      port,
      pid: child.pid,
      async stop(signal = 'SIGTERM') {
        await child.end(signal === 'SIGKILL' ? 0 : STOP_GRACE_MS);
        if (!options.reaper) await reaper.stop();
      },
    };
  } catch (error) {
    if (!options.reaper) await reaper.stop();
    throw error;
  }
}
