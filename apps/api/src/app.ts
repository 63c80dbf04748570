/** Builds, starts and stops the API: submit → store → enqueue, and everything that is read from the ledger. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, createQuorumClock, redisTime } from '@cardseal/base/clock';
import { storeTime } from '@cardseal/base/egress';
import { readProxies, readWebhookTls, redisTarget } from '@cardseal/core/config';
import { type Ledger, openLedger, openMasterKey } from '@cardseal/core/ledger';
import { drainServer } from '@cardseal/core/lifetime';
import { createLog, describeError, type Log } from '@cardseal/core/log';
import { countStoreRequests, createMetrics, createMetricsListener } from '@cardseal/core/metrics';
import { runPreflight } from '@cardseal/core/preflight';
import {
  connectRedis,
  createFinishedEvents,
  createJobChanges,
  createJobQueue,
  createWeights,
  createWorkerBoard,
  redisResponds,
} from '@cardseal/core/queue';
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

export interface ApiOverrides {
  clock?: Clock;
  log?: Log;
  ledger?: Ledger;
}

export interface Api {
  /** Resolves with the port once the API responds to requests. */
  start(): Promise<{ port: number }>;
  /** @param hurry aborts when the API must no longer wait for requests in progress. */
  stop(hurry?: AbortSignal): Promise<void>;
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: builds and wires the whole process in the order of its dependencies.
export function createApi(config: ApiConfig, overrides: ApiOverrides = {}): Api {
  const log = overrides.log ?? createLog('api', config.LOG_LEVEL);
  const agreed = createQuorumClock({
    sources: [
      () => redisTime(producer)(),
      storeTime({ endpoint: config.S3_ENDPOINT, region: config.S3_REGION, proxyFor: readProxies(config) }),
    ],
    onChange: (offsetMs) => log.warn('clock.corrected', { duration_ms: offsetMs }),
  });
  const clock = overrides.clock ?? agreed;
  const metrics = createMetrics('api');
  const ledger =
    overrides.ledger ?? openLedger(config, openMasterKey(config), clock, undefined, countStoreRequests(metrics));
  const onRedisError = (error: Error) => log.debug('redis.error', describeError(error));
  const producer = connectRedis(redisTarget(config), 'producer', onRedisError);
  const subscriber = connectRedis(redisTarget(config), 'subscriber', onRedisError);
  const weightOf = createWeights(ledger);
  const soon = createTimeoutBreaker();
  const stopping = new AbortController();
  const context: ApiContext = {
    config,
    clock,
    log,
    metrics,
    ledger,
    jobQueue: createJobQueue(producer, config.QUEUE_PREFIX, { weightOf }),
    weightOf,
    soon,
    redisResponds: () => redisResponds(producer),
    pool: createPoolWatch({
      redis: producer,
      prefix: config.QUEUE_PREFIX.slice(1, -1),
      board: createWorkerBoard(producer, config.QUEUE_PREFIX),
      clock,
    }),
    finished: createFinishedEvents(subscriber, config.QUEUE_PREFIX),
    changes: createJobChanges(subscriber, config.QUEUE_PREFIX),
    limits: createLimits(createCounter(producer, config.QUEUE_PREFIX, soon), ledger, clock, createTenantLimits(ledger)),
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
  metrics.beforeScrape(async () => metrics.set('cardseal_redis_up', {}, Number(await redisResponds(producer))));
  const listener = createMetricsListener(metrics, config);
  const tracing = createTracing('api', config);
  const keeper = createBatchLoop(context);
  const server = createServer(context, keeper);
  let stopped: Promise<void> | undefined;

  return {
    async start() {
      await ledger.checkStore();
      await ledger.keys.check();
      // Skip preflight checks when a test injects its own ledger.
      if (!overrides.ledger) await runPreflight({ env: config, redis: producer, log });
      await tracing.start();
      // A test that injects its own ledger has no store whose time could be read.
      if (clock === agreed && !overrides.ledger) await agreed.start();
      context.finished.start();
      context.changes.start();
      await listener.start(log);
      await server.listen({ host: config.API_HOST, port: config.API_PORT });
      const { port } = server.server.address() as { port: number };
      keeper.start();
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
    await keeper.stop();
    await context.usage.stop();
    agreed.stop();
    context.pool.stop();
    await context.jobQueue.close();
    producer.disconnect();
    await tracing.stop();
    log.info('api.stopped');
  }
}
