/** Builds, starts and stops the worker: it recognizes cards, delivers webhooks and reconciles. */

import { setTimeout as delay } from 'node:timers/promises';
import { type AppOverrides, openApp } from '@cardseal/core/app';
import { readProxies, readWebhookTls } from '@cardseal/core/config';
import type { Log } from '@cardseal/core/log';
import { createMetricsListener } from '@cardseal/core/metrics';
import { createCrashCounts, createEndpointLimits, createWorkerBoard, redisResponds } from '@cardseal/core/queue';
import { createTracing } from '@cardseal/core/trace';
import { createPacer, type PacingEvent } from '@cardseal/pacer';
import { createTargetGuard, createWebhookSender } from '@cardseal/webhook';
import { createReconciler } from './background/reconcile/reconciler.ts';
import { createRedisInstance } from './background/reconcile/redis-instance.ts';
import { createUsageSync } from './background/usage/usage.ts';
import { createEndpoints } from './caches/endpoint-cache.ts';
import { createOutcomeCache } from './caches/outcome-cache.ts';
import { createTenants } from './caches/tenant-cache.ts';
import type { WorkerConfig } from './config.ts';
import type { WorkerContext } from './context.ts';
import { createProviders } from './providers/create-providers.ts';
import { readCredentials } from './providers/credentials.ts';
import { createQueueWorkers } from './queue-workers.ts';
import { createWriteBuffer } from './recognize/guards/write-buffer.ts';
import { createFlowMeter } from './supervision/concurrency/index.ts';
import { createSupervision } from './supervision/watchdog/supervision.ts';

export interface WorkerOverrides extends AppOverrides {
  random?: () => number;
  /** Ends the process in order, as SIGTERM does. */
  end?: () => void;
}

/** The time that stopping may take in addition to the grace for calls in flight. */
const LAST_MS = 5000;
const HURRY_MS = 1000;

export interface WorkerApp {
  /** Resolves once the worker takes jobs and the other processes see it. */
  start(): Promise<undefined>;
  /** @param hurry aborts when the worker must no longer wait for calls in flight: they count as interrupted. */
  stop(hurry?: AbortSignal): Promise<void>;
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: builds and wires the whole process in the order of its dependencies.
export function createWorker(config: WorkerConfig, overrides: WorkerOverrides = {}): WorkerApp {
  const opened = openApp('worker', config, overrides, { clock: 'quorum' });
  const { log, metrics, clock, ledger, redis, jobQueue } = opened;
  const recognizes = config.WORKER_ROLES.has('recognize');
  const credentials = recognizes ? readCredentials(config.BAIDU_CREDENTIALS_FILE!) : [];
  const tokenSealKey = () => ledger.keys.systemSecret('cardseal access tokens');
  const providers = createProviders({ config, credentials, redis, tokenSealKey, clock, log });
  const pacer = createPacer({
    redis,
    prefix: config.QUEUE_PREFIX.slice(1, -1),
    credentials: credentials.map(({ id, qps, daily }) => ({ id, qps, ...(daily === undefined ? {} : { daily }) })),
    clock,
    onEvent: (event) => logPacing(log, event),
  });
  const production = config.CARDSEAL_ENV === 'production';
  const webhooks = createWebhookSender({
    guard: createTargetGuard({
      allowTargets: config.WEBHOOK_ALLOW_TARGETS,
      production,
      tls: readWebhookTls(config),
      ...(config.WEBHOOK_VIA_PROXY && { proxyFor: readProxies(config) }),
    }),
  });
  const stopping = new AbortController();
  const context: WorkerContext = {
    config,
    clock,
    random: overrides.random ?? Math.random,
    log,
    metrics,
    ledger,
    tenants: createTenants(ledger),
    endpoints: createEndpoints(ledger),
    outcomeCache: createOutcomeCache(config.WORKER_ROLES.has('deliver')),
    writeBuffer: createWriteBuffer({ clock, log, random: overrides.random ?? Math.random }),
    jobQueue,
    endpointLimits: createEndpointLimits(opened.connect('lanes'), config.QUEUE_PREFIX),
    pacer,
    meter: createFlowMeter(clock),
    providers: providers.byId,
    readReply: providers.readReply,
    rates: new Map(credentials.map(({ id, qps }) => [id, qps])),
    webhooks,
    stopping: stopping.signal,
  };
  const usage = createUsageSync(context, redis);
  const reconciler = createReconciler(context, createRedisInstance(redis, config.QUEUE_PREFIX), usage.restore);
  const workers = createQueueWorkers(context, {
    board: createWorkerBoard(redis, config.QUEUE_PREFIX),
    crashCounts: createCrashCounts(redis, config.QUEUE_PREFIX),
    pool: credentials.map(({ id, provider, qps, daily }) => ({
      id,
      provider,
      qps,
      ...(daily === undefined ? {} : { daily }),
    })),
  });
  metrics.set('cardseal_upstream_price_yuan', {}, config.UPSTREAM_PRICE_YUAN);
  metrics.beforeScrape(async () => metrics.set('cardseal_redis_up', {}, Number(await redisResponds(redis))));
  const listener = createMetricsListener(metrics, config);
  const tracing = createTracing('worker', config);
  const guard = createSupervision(context, workers, overrides.end ?? endProcess);
  let stopped: Promise<void> | undefined;

  return {
    async start() {
      // Not awaited: the checks below report a Redis that is away.
      if (redis.status === 'ready') void workers.announce();
      else redis.once('ready', () => void workers.announce());
      await ledger.checkStore();
      await ledger.keys.check();
      await opened.preflight();
      await tracing.start();
      await opened.startClock();
      await listener.start(log);
      await workers.start();
      guard.start();
      // Usage of credentials is restored together with the queues, which needs a worker that knows the pool.
      if (recognizes) {
        reconciler.start();
        usage.start();
      }
      // `cardseal is ready` follows this: the overview must show this worker by then.
      await workers.reported();
      log.info('worker.started', { count: credentials.length });
      return undefined;
    },
    stop(hurry) {
      // Nothing that hangs may keep the process running: everything it held is in the ledger.
      stopped ??= Promise.race([stop(), atMost(config.SHUTDOWN_GRACE_MS + LAST_MS), hurried(hurry)]);
      return stopped;
    },
  };

  async function stop(): Promise<void> {
    stopping.abort();
    await guard.stop();
    await Promise.all([reconciler.stop(), usage.stop(), workers.stop(config.SHUTDOWN_GRACE_MS)]);
    pacer.stop();
    await Promise.all([providers.stop(), webhooks.close()]);
    await opened.close();
    await Promise.all([listener.stop(), tracing.stop()]);
    log.info('worker.stopped');
  }
}

function atMost(ms: number): Promise<void> {
  return delay(ms, undefined, { ref: false });
}

/** Resolves a short time after the signal: enough for the log and for writes in progress. */
function hurried(hurry: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const soon = () => void atMost(HURRY_MS).then(resolve);
    if (hurry?.aborted) soon();
    else hurry?.addEventListener('abort', soon, { once: true });
  });
}

function endProcess(): void {
  process.kill(process.pid, 'SIGTERM');
}

function logPacing(log: Log, event: PacingEvent): void {
  const { reason, cause } = event as { reason?: string; cause?: string };
  const fields = { credential_id: event.credentialId, ...(reason ? { reason } : {}) };
  const { kind } = event;
  if (kind === 'gate_closed') log.error('pacing.gate_closed', { ...fields, ...(cause ? { cause } : {}) });
  else if (kind === 'permit_expired') log.debug('pacing.permit_expired', fields);
  else log.info(`pacing.${kind}`, fields);
}
