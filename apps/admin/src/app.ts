/** The operators' side as something one can build, start and stop; on its own listener, never on the API's port. */
import { type Clock, systemClock } from '@cardseal/core/clock';
import { type Ledger, openLedger, openMasterKey } from '@cardseal/core/ledger';
import { createLog, describeError, type Log } from '@cardseal/core/log';
import { connectRedis, createConveyor, createWeights, createWorkerBoard, openQueues } from '@cardseal/core/queue';
import type { FastifyInstance } from 'fastify';
import { createSessions } from './auth/session.ts';
import type { AdminConfig } from './config.ts';
import type { AdminContext } from './context.ts';
import { createServer } from './server.ts';

export interface AdminOverrides {
  clock?: Clock;
  log?: Log;
  ledger?: Ledger;
}

export interface Admin {
  start(): Promise<{ port: number }>;
  stop(): Promise<void>;
}

export function createAdminApp(config: AdminConfig, overrides: AdminOverrides = {}): Admin {
  const clock = overrides.clock ?? systemClock;
  const log = overrides.log ?? createLog('admin', config.LOG_LEVEL);
  const onRedisError = (error: Error) => log.debug('redis.error', describeError(error));
  const redis = connectRedis(config.REDIS_URL, 'producer', onRedisError);
  const boardRedis = connectRedis(config.REDIS_URL, 'board', onRedisError);
  const ledger = overrides.ledger ?? openLedger(config, openMasterKey(config), clock);
  // Filled at the start, before anybody can be logged in: the key service is asked then.
  const sessionKey = Buffer.alloc(32);
  const context: AdminContext = {
    config,
    clock,
    log,
    ledger,
    conveyor: createConveyor(redis, config.QUEUE_PREFIX, { weightOf: createWeights(ledger) }),
    board: openQueues(boardRedis, config.QUEUE_PREFIX),
    gates: { redis, board: createWorkerBoard(redis, config.QUEUE_PREFIX) },
    sessions: createSessions(sessionKey, config.SESSION_MINUTES * 60_000, clock),
  };
  let server: FastifyInstance | undefined;
  let stopped: Promise<void> | undefined;

  return {
    async start() {
      (await ledger.houseSecret('cardseal admin sessions')).copy(sessionKey);
      server = await createServer(context);
      await server.listen({ host: config.ADMIN_HOST, port: config.ADMIN_PORT });
      const { port } = server.server.address() as { port: number };
      log.info('admin.started', { port });
      return { port };
    },
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };

  async function stop(): Promise<void> {
    await server?.close();
    await context.conveyor.close();
    redis.disconnect();
    boardRedis.disconnect();
    log.info('admin.stopped');
  }
}
