/** Builds, starts and stops the API: submit → store → enqueue, and everything that is read from the ledger. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type AppOverrides, openApp } from '@cardseal/core/app';
import { readProxies, readWebhookTls } from '@cardseal/core/config';
import { drainServer } from '@cardseal/core/lifetime';
import { createMetricsListener } from '@cardseal/core/metrics';
import { createFinishedEvents, createJobChanges, createWorkerBoard, redisResponds } from '@cardseal/core/queue';
import { createTracing } from '@cardseal/core/trace';
import { createTargetGuard } from '@cardseal/webhook';
import { createBatchLoop } from './background/batches/batch-loop.ts';
import type { ApiConfig } from './config.ts';
import type { ApiContext } from './context.ts';
import { bodyBudgetBytes, createMemoryBudget } from './http/bodies/index.ts';
import { createCounter, createLimits, createTenantLimits } from './http/limits/index.ts';
import { createTimeoutBreaker } from './http/redis-timeout/index.ts';
import { createKeyWatch } from './http/waits/index.ts';
import { createPoolWatch } from './routes/quota/index.ts';
import { createUsageMeter } from './routes/usage/index.ts';
import { createServer } from './server.ts';

export interface Api {
  /** Resolves with the port once the API responds to requests. */
  start(): Promise<{ port: number }>;
  /** @param hurry aborts when the API must no longer wait for requests in progress. */
  stop(hurry?: AbortSignal): Promise<void>;
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: builds and wires the whole process in the order of its dependencies.
export function createApi(config: ApiConfig, overrides: AppOverrides = {}): Api {
  const opened = openApp('api', config, overrides, { clock: 'quorum' });
  const { log, metrics, clock, ledger, redis, jobQueue, weightOf } = opened;
  const subscriber = opened.connect('subscriber');
  const soon = createTimeoutBreaker();
  const stopping = new AbortController();
  const context: ApiContext = {
    config,
    clock,
    log,
    metrics,
    ledger,
    jobQueue,
    weightOf,
    soon,
    redisResponds: () => redisResponds(redis),
    pool: createPoolWatch({
      redis,
      prefix: config.QUEUE_PREFIX.slice(1, -1),
      board: createWorkerBoard(redis, config.QUEUE_PREFIX),
      clock,
    }),
    finished: createFinishedEvents(subscriber, config.QUEUE_PREFIX),
    changes: createJobChanges(subscriber, config.QUEUE_PREFIX),
    limits: createLimits(createCounter(redis, config.QUEUE_PREFIX, soon), ledger, clock, createTenantLimits(ledger)),
    usage: createUsageMeter(ledger, clock, log),
    bodyBudget: createMemoryBudget(bodyBudgetBytes(config.BODY_MEMORY_MB, process.constrainedMemory())),
    keyWatch: createKeyWatch({ read: (tenant, id) => ledger.tenants.apiKeys.get(tenant, id), clock }),
    stopping: stopping.signal,
    guard: createTargetGuard({
      allowTargets: config.WEBHOOK_ALLOW_TARGETS,
      production: config.CARDSEAL_ENV === 'production',
      tls: readWebhookTls(config),
      ...(config.WEBHOOK_VIA_PROXY && { proxyFor: readProxies(config) }),
    }),
  };
  metrics.set('cardseal_body_memory_limit_bytes', {}, context.bodyBudget.limitBytes);
  metrics.beforeScrape(async () => metrics.set('cardseal_body_memory_bytes', {}, context.bodyBudget.usedBytes()));
  metrics.beforeScrape(async () => metrics.set('cardseal_redis_up', {}, Number(await redisResponds(redis))));
  const listener = createMetricsListener(metrics, config);
  const tracing = createTracing('api', config);
  const batchLoop = createBatchLoop(context);
  const server = createServer(context, batchLoop);
  let stopped: Promise<void> | undefined;

  return {
    async start() {
      await ledger.checkStore();
      await ledger.keys.check();
      await opened.preflight();
      await tracing.start();
      await opened.startClock();
      context.finished.start();
      context.changes.start();
      await listener.start(log);
      await server.listen({ host: config.API_HOST, port: config.API_PORT });
      const { port } = server.server.address() as { port: number };
      batchLoop.start();
      context.usage.start();
      log.info('api.started', { port });
      return { port };
    },
    stop(hurry) {
      stopped ??= stop(hurry);
      return stopped;
    },
  };

  async function stop(hurry?: AbortSignal): Promise<void> {
    // From now on `/readyz` fails and no request waits: polls get a response and streams end.
    stopping.abort();
    if (config.SHUTDOWN_DELAY_MS > 0)
      await sleep(config.SHUTDOWN_DELAY_MS, undefined, { signal: hurry }).catch(() => {});
    await drainServer(server.server, {
      graceMs: config.SHUTDOWN_GRACE_MS,
      hurry,
      onLate: () => server.bodies.endAll('shutting_down'),
      close: () => server.close(),
    });
    context.keyWatch.stop();
    context.changes.stop();
    context.finished.stop();
    await listener.stop();
    await batchLoop.stop();
    await context.usage.stop();
    context.pool.stop();
    await opened.close();
    await tracing.stop();
    log.info('api.stopped');
  }
}
