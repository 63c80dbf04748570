/** A Redis Cluster of three masters on the loopback. All slots are served when it is returned. */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, type RedisServer, startRedis } from '@cardseal/dev';
import { Redis } from 'ioredis';

const MASTERS = 3;
const SLOTS = 16_384;
const ASK_EVERY_MS = 50;

export interface RedisCluster {
  /** With user and password; the host is one of the masters. */
  url: string;
  /** The value of `REDIS_CLUSTER_NODES`. */
  nodes: string;
  stop(): Promise<void>;
}

export async function startRedisCluster(dataDir: string): Promise<RedisCluster> {
  const servers = await Promise.all(
    Array.from({ length: MASTERS }, async (_, at) =>
      startRedis({
        dataDir: path.join(dataDir, `master-${at}`),
        extraLines: ['cluster-enabled yes', `cluster-port ${await freePort()}`],
      }),
    ),
  );
  const clients = servers.map((server) => new Redis(server.url));
  // A cluster client uses one password for all masters.
  await Promise.all(clients.map((client) => client.config('SET', 'requirepass', PASSWORD)));
  await join(servers, clients);
  return {
    url: `redis://default:${PASSWORD}@127.0.0.1:${servers[0]!.port}/0`,
    nodes: servers.map(({ port }) => `127.0.0.1:${port}`).join(','),
    async stop() {
      for (const client of clients) client.disconnect();
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

const PASSWORD = 'three-masters-of-a-test';

async function join(servers: readonly RedisServer[], clients: readonly Redis[]): Promise<void> {
  const share = Math.ceil(SLOTS / MASTERS);
  for (const [at, client] of clients.entries()) {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', at * share, Math.min(SLOTS, (at + 1) * share) - 1);
    const bus = await busPort(client);
    for (const other of clients) {
      if (other !== client) await other.call('CLUSTER', 'MEET', '127.0.0.1', servers[at]!.port, bus);
    }
  }
  for (const client of clients) {
    while (!(await isWhole(client))) await delay(ASK_EVERY_MS);
  }
}

async function busPort(client: Redis): Promise<number> {
  const [, port] = (await client.config('GET', 'cluster-port')) as [string, string];
  return Number(port);
}

async function isWhole(client: Redis): Promise<boolean> {
  const info = String(await client.call('CLUSTER', 'INFO'));
  return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${MASTERS}`);
}
