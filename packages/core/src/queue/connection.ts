/** Redis connections by the part they play: what a worker must wait out, a producer must fail fast on. */
import { Redis, type RedisOptions } from 'ioredis';

export type ConnectionRole = 'producer' | 'lanes' | 'worker' | 'subscriber' | 'board';

const reconnect = (times: number) => Math.min(100 * 2 ** Math.min(times, 5), 2000);

const roles: Record<ConnectionRole, RedisOptions> = {
  producer: { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 1000, connectTimeout: 2000 },
  // A worker's loop may be busy for a second with what it delivers: an answer that waits there is none that is missing.
  lanes: { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 10_000, connectTimeout: 2000 },
  worker: { maxRetriesPerRequest: null },
  subscriber: { maxRetriesPerRequest: null },
  board: { maxRetriesPerRequest: null, commandTimeout: 10_000 },
};

/** The returned client connects by itself and never throws on its own; errors go to `onError`. */
export function connectRedis(url: string, role: ConnectionRole, onError: (error: Error) => void = () => {}): Redis {
  const redis = new Redis(url, {
    ...roles[role],
    retryStrategy: reconnect,
    // A replica that was demoted under us answers READONLY: reconnect and send the command again.
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
  });
  redis.on('error', onError);
  return redis;
}
