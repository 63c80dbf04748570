/** Builds, starts and stops the admin app for operators. It listens on its own port, never on the port of the API. */

import { type Clock, systemClock } from '@cardseal/base/clock';
import { redisTarget } from '@cardseal/core/config';
import { type Ledger, openLedger, openMasterKey } from '@cardseal/core/ledger';
import { drainServer } from '@cardseal/core/lifetime';
import { createLog, describeError, type Log } from '@cardseal/core/log';
import { countStoreRequests, createMetrics, createMetricsListener } from '@cardseal/core/metrics';
import { runPreflight } from '@cardseal/core/preflight';
import {
  connectRedis,
  createEndpointLimits,
  createJobQueue,
  createWeights,
  createWorkerBoard,
  openQueues,
} from '@cardseal/core/queue';
import type { FastifyInstance } from 'fastify';
import { createEndedSessions } from './auth/ended-sessions.ts';
import { createFormTokens } from './auth/form-token.ts';
import { createSessions } from './auth/session.ts';
import { createBulkRunner } from './bulk/runner.ts';
import type { AdminConfig } from './config.ts';
import type { AdminContext } from './context.ts';
import { exportOverviewMetrics } from './metrics.ts';
import { createHistory } from './overview/history.ts';
import { createOverviewReader } from './overview/read.ts';
import { createSamples, SAMPLE_EVERY_MS } from './overview/samples.ts';
import { poolSnapshot } from './pool/pool.ts';
import { createServer } from './server.ts';

export interface AdminOverrides {
  clock?: Clock;
  log?: Log;
  ledger?: Ledger;
}

export interface Admin {
  start(): Promise<{ port: number }>;
  /** @param hurry aborts when requests in progress must not be waited for any longer. */
  stop(hurry?: AbortSignal): Promise<void>;
}

/** Every third sample also reads the overview: every 30 seconds. */
const OVERVIEW_EVERY_SAMPLES = 3;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: builds and wires the whole process in the order of its dependencies.
export function createAdminApp(config: AdminConfig, overrides: AdminOverrides = {}): Admin {
  const clock = overrides.clock ?? systemClock;
  const log = overrides.log ?? createLog('admin', config.LOG_LEVEL);
  const onRedisError = (error: Error) => log.debug('redis.error', describeError(error));
  const redis = connectRedis(redisTarget(config), 'producer', onRedisError);
  const boardRedis = connectRedis(redisTarget(config), 'board', onRedisError);
  const metrics = createMetrics('admin');
  const ledger =
    overrides.ledger ?? openLedger(config, openMasterKey(config), clock, undefined, countStoreRequests(metrics));
  const stopping = new AbortController();
  // `start` fills it before the server listens, because reading it calls the key service.
  const sessionKey = Buffer.alloc(32);
  const context: AdminContext = {
    config,
    clock,
    log,
    ledger,
    jobQueue: createJobQueue(redis, config.QUEUE_PREFIX, { weightOf: createWeights(ledger) }),
    board: openQueues(boardRedis, config.QUEUE_PREFIX),
    endpointLimits: createEndpointLimits(redis, config.QUEUE_PREFIX),
    redis,
    workers: createWorkerBoard(redis, config.QUEUE_PREFIX),
    sessions: createSessions(() => sessionKey, config.SESSION_MINUTES * 60_000, clock),
    endedSessions: createEndedSessions(ledger, clock),
    formTokens: createFormTokens(() => sessionKey, clock),
    stopping: stopping.signal,
  };
  const samples = createSamples(redis, config.QUEUE_PREFIX, clock);
  const bulk = createBulkRunner(context);
  const overview = createOverviewReader(context, samples, createHistory(redis, config.QUEUE_PREFIX, clock));
  exportOverviewMetrics(context, metrics, overview);
  const listener = createMetricsListener(metrics, config);
  let sampling: Promise<void> | undefined;
  let server: FastifyInstance | undefined;
  let stopped: Promise<void> | undefined;

  return {
    async start() {
      // Skip preflight checks when a test injects its own ledger.
      if (!overrides.ledger) await runPreflight({ env: config, redis, log });
      await ledger.keys.check();
      (await ledger.keys.systemSecret('cardseal admin sessions')).copy(sessionKey);
      server = await createServer(context, { overview, bulk });
      await listener.start(log);
      await server.listen({ host: config.ADMIN_HOST, port: config.ADMIN_PORT });
      const { port } = server.server.address() as { port: number };
      bulk.start();
      sampling = keepSampling();
      log.info('admin.started', { port });
      return { port };
    },
    stop(hurry) {
      stopped ??= stop(hurry);
      return stopped;
    },
  };

  /** Runs without visitors too: the plot shows the last hour, and the history lists past incidents. */
  async function keepSampling(): Promise<void> {
    for (let sample = 0; !stopping.signal.aborted; sample++) {
      // Less often than the samples: the overview reads the object store, and each request costs money.
      if (sample % OVERVIEW_EVERY_SAMPLES === 0) await overview.read().catch(() => {});
      const snapshot = redis.status === 'ready' ? await poolSnapshot(context).catch(() => null) : null;
      if (snapshot) await samples.take(snapshot);
      await clock.sleep(SAMPLE_EVERY_MS, stopping.signal).catch(() => {});
    }
  }

  async function stop(hurry?: AbortSignal): Promise<void> {
    stopping.abort();
    if (server) {
      const { server: http, close } = server;
      await drainServer(http, { graceMs: config.SHUTDOWN_GRACE_MS, hurry, close: () => close() });
    }
    await listener.stop();
    await Promise.all([sampling, bulk.stop()]);
    await context.jobQueue.close();
    redis.disconnect();
    boardRedis.disconnect();
    log.info('admin.stopped');
  }
}
