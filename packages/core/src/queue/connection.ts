/** Redis connections by role: a worker waits until Redis is back, a producer must fail fast. */
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisTarget } from '../config/index.ts';
import { batchWrites } from './write-batching.ts';

export type ConnectionRole = 'producer' | 'lanes' | 'worker' | 'subscriber' | 'board';

const reconnect = (times: number) => Math.min(100 * 2 ** Math.min(times, 5), 2000);

/**
 * A peer that disappears silently sends nothing and closes nothing: after this time without a response the socket is
 * replaced. Longer than a worker's longest blocking read of the queue, which is 10 s.
 */
const SILENCE_MS = 15_000;

const roles: Record<ConnectionRole, RedisOptions> = {
  producer: {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 1000,
    connectTimeout: 2000,
    socketTimeout: 5000,
  },
  // A worker's event loop may be busy for a second with deliveries: a response that waits in the socket is not
  // missing.
  lanes: { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 10_000, connectTimeout: 2000 },
  worker: { maxRetriesPerRequest: null },
  subscriber: { maxRetriesPerRequest: null },
  board: { maxRetriesPerRequest: null, commandTimeout: 10_000 },
};

/**
 * The returned client connects on its own and never throws by itself; errors go to `onError`.
 * @param target the URL of one server, or a topology. In a cluster only commands with the prefix's hash tag are
 * allowed, so that all keys are on one node.
 */
export function connectRedis(
  target: string | RedisTarget,
  role: ConnectionRole,
  onError: (error: Error) => void = () => {},
): Redis {
  const redis = clientOf(typeof target === 'string' ? { url: target } : target, role);
  redis.on('error', onError);
  batchWrites(redis);
  return redis;
}

function clientOf({ url, sentinels, nodes }: RedisTarget, role: ConnectionRole): Redis {
  const options: RedisOptions = {
    socketTimeout: SILENCE_MS,
    ...roles[role],
    retryStrategy: reconnect,
    // After a failover a demoted replica responds READONLY: reconnect and send the command again.
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
  };
  if (!sentinels && !nodes) return new Redis(url, options);
  const { protocol, username, password, hostname, pathname } = new URL(url);
  const account = {
    ...(username ? { username: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  };
  if (sentinels) {
    const db = Number(pathname.slice(1)) || 0;
    return new Redis({
      ...options,
      ...account,
      sentinels: [...sentinels],
      name: hostname,
      db,
      sentinelRetryStrategy: reconnect,
    });
  }
  const cluster = new Cluster([...nodes!], {
    redisOptions: { ...options, ...account },
    enableOfflineQueue: options.enableOfflineQueue ?? true,
    clusterRetryStrategy: reconnect,
  });
  // A cluster client has all commands and events of a single client that this project uses.
  return cluster as unknown as Redis;
}
