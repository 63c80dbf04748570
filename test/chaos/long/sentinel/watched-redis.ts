/** A Redis master, its replica and three sentinels on the loopback, all with the same password. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createOrphanReaper, freePort, type OrphanReaper, type RedisServer, startRedis } from '@cardseal/dev';
import { Redis } from 'ioredis';

const MASTER = 'cardseal-test';
const PASSWORD = 'onePasswordForAllOfATest';
const SENTINELS = 3;
const POLL_MS = 50;

export interface WatchedRedis {
  /** With user and password; the host is the name of the master. */
  url: string;
  /** The value of `REDIS_SENTINELS`. */
  sentinels: string;
  /** Connects through the sentinels and follows the master. */
  client(): Redis;
  /** Kills the master and resolves when the replica is the new master. */
  failOver(): Promise<void>;
  stop(): Promise<void>;
}

export async function startWatchedRedis(dataDir: string): Promise<WatchedRedis> {
  const reaper = createOrphanReaper();
  const master = await startServer(path.join(dataDir, 'master'), reaper, []);
  const replica = await startServer(path.join(dataDir, 'replica'), reaper, [
    `replicaof 127.0.0.1 ${master.port}`,
    `masterauth ${PASSWORD}`,
  ]);
  const ports = await Promise.all(Array.from({ length: SENTINELS }, () => freePort()));
  const watchers = await Promise.all(ports.map((port) => startSentinel(dataDir, port, master.port, reaper)));
  const sentinels = ports.map((port) => ({ host: '127.0.0.1', port }));
  const client = () => {
    const redis = new Redis({
      sentinels,
      name: MASTER,
      username: 'default',
      password: PASSWORD,
      maxRetriesPerRequest: null,
    });
    redis.on('error', () => {});
    return redis;
  };
  await untilWatched(ports, replica.port);
  return {
    url: `redis://default:${PASSWORD}@${MASTER}/0`,
    sentinels: sentinels.map(({ host, port }) => `${host}:${port}`).join(','),
    client,
    async failOver() {
      await master.stop('SIGKILL');
      const asked = new Redis(ports[0]!, '127.0.0.1');
      try {
        while ((await masterPort(asked)) !== replica.port) await delay(POLL_MS);
      } finally {
        asked.disconnect();
      }
    },
    async stop() {
      await Promise.all(watchers.map(end));
      await Promise.all([master.stop(), replica.stop()]);
      await reaper.stop();
    },
  };
}

async function startServer(dataDir: string, reaper: OrphanReaper, extraLines: readonly string[]): Promise<RedisServer> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  // `startRedis` reads this file and keeps the password that it finds there.
  await writeFile(path.join(dataDir, 'redis.conf'), `requirepass ${PASSWORD}\n`, { mode: 0o600 });
  return startRedis({ dataDir, reaper, extraLines });
}

async function startSentinel(
  dataDir: string,
  port: number,
  masterPort: number,
  reaper: OrphanReaper,
): Promise<ChildProcess> {
  const file = path.join(dataDir, `sentinel-${port}.conf`);
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${JSON.stringify(path.resolve(dataDir))}`,
    `sentinel monitor ${MASTER} 127.0.0.1 ${masterPort} 2`,
    `sentinel auth-pass ${MASTER} ${PASSWORD}`,
    `sentinel down-after-milliseconds ${MASTER} 1500`,
    `sentinel failover-timeout ${MASTER} 6000`,
    '',
  ];
  await writeFile(file, lines.join('\n'), { mode: 0o600 });
  const child = spawn('redis-server', [file, '--sentinel'], {
    stdio: 'ignore',
    env: { ...process.env, ...reaper.env },
  });
  await once(child, 'spawn');
  reaper.track(child.pid!);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Waits until every sentinel knows the others and the replica; before that, no promotion is possible. */
async function untilWatched(ports: readonly number[], replicaPort: number): Promise<void> {
  for (const port of ports) {
    const asked = new Redis(port, '127.0.0.1');
    asked.on('error', () => {});
    for (;;) {
      const others = (await asked.call('SENTINEL', 'SENTINELS', MASTER)) as unknown[];
      const replicas = (await asked.call('SENTINEL', 'REPLICAS', MASTER)) as string[][];
      if (others.length === SENTINELS - 1 && replicas.some((one) => one.includes(String(replicaPort)))) break;
      await delay(POLL_MS);
    }
    asked.disconnect();
  }
}

async function masterPort(asked: Redis): Promise<number> {
  const answer = (await asked.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER)) as [string, string];
  return Number(answer[1]);
}
