/** Builds, starts and stops the admin app for operators. It listens on its own port, never on the port of the API. */
import { type AppOverrides, type OpenedApp, openApp } from '@cardseal/core/app';
import { drainServer } from '@cardseal/core/lifetime';
import { createMetricsListener } from '@cardseal/core/metrics';
import { createEndpointLimits, createWorkerBoard, openQueues } from '@cardseal/core/queue';
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
import { createSampler } from './overview/sampler.ts';
import { createSamples } from './overview/samples.ts';
import { createServer } from './server.ts';

export interface Admin {
  start(): Promise<{ port: number }>;
  /** @param hurry aborts when the stop must not wait for requests in progress any longer. */
  stop(hurry?: AbortSignal): Promise<void>;
}

export function createAdminApp(config: AdminConfig, overrides: AppOverrides = {}): Admin {
  const opened = openApp('admin', config, overrides, { clock: 'system' });
  const { clock, ledger, log, metrics, redis } = opened;
  const stopping = new AbortController();
  // `start` fills it before the server listens, because reading it calls the key service.
  const sessionKey = Buffer.alloc(32);
  const context = createContext(config, opened, sessionKey, stopping.signal);
  const samples = createSamples(redis, config.QUEUE_PREFIX, clock);
  const bulk = createBulkRunner(context);
  const overview = createOverviewReader(context, samples, createHistory(redis, config.QUEUE_PREFIX, clock));
  exportOverviewMetrics(context, metrics, overview);
  const listener = createMetricsListener(metrics, config);
  const sampler = createSampler(context, samples, overview);
  let server: FastifyInstance | undefined;
  let stopped: Promise<void> | undefined;

  return {
    async start() {
      await opened.preflight();
      await ledger.keys.check();
      (await ledger.keys.systemSecret('cardseal admin sessions')).copy(sessionKey);
      server = await createServer(context, { overview, bulk });
      await listener.start(log);
      await server.listen({ host: config.ADMIN_HOST, port: config.ADMIN_PORT });
      const { port } = server.server.address() as { port: number };
      bulk.start();
      sampler.start();
      log.info('admin.started', { port });
      return { port };
    },
    stop(hurry) {
      stopped ??= stop(hurry);
      return stopped;
    },
  };

  async function stop(hurry?: AbortSignal): Promise<void> {
    stopping.abort();
    if (server) {
      const { server: http, close } = server;
      await drainServer(http, { graceMs: config.SHUTDOWN_GRACE_MS, hurry, close: () => close() });
    }
    await listener.stop();
    await Promise.all([sampler.stop(), bulk.stop()]);
    await opened.close();
    log.info('admin.stopped');
  }
}

function createContext(
  config: AdminConfig,
  { clock, log, ledger, redis, jobQueue, connect }: OpenedApp,
  sessionKey: Buffer,
  stopping: AbortSignal,
): AdminContext {
  return {
    ...{ config, clock, log, ledger, redis, jobQueue, stopping },
    board: openQueues(connect('board'), config.QUEUE_PREFIX),
    endpointLimits: createEndpointLimits(redis, config.QUEUE_PREFIX),
    workers: createWorkerBoard(redis, config.QUEUE_PREFIX),
    sessions: createSessions(() => sessionKey, config.SESSION_MINUTES * 60_000, clock),
    endedSessions: createEndedSessions(ledger, clock),
    formTokens: createFormTokens(() => sessionKey, clock),
  };
}
