/**
 * Opens what the API, the worker and the admin share: log, metrics, clock, ledger, Redis and job queue. An app adds its
 * own parts to them. `main.ts` reads the settings; this file reads no environment.
 */
import { type Clock, createQuorumClock, redisTime, systemClock } from '@cardseal/base/clock';
import { storeTime } from '@cardseal/base/egress';
import type { Redis } from 'ioredis';
import { readProxies, redisTarget } from '../config/index.ts';
import {
  type Ledger,
  type LedgerEnvironment,
  type MasterKeyEnvironment,
  openLedger,
  openMasterKey,
} from '../ledger/index.ts';
import { createLog, describeError, type Log } from '../log/index.ts';
import { countStoreRequests, createMetrics, type Metrics } from '../metrics/index.ts';
import { type PreflightParts, runPreflight } from '../preflight/index.ts';
import { type ConnectionRole, connectRedis, createJobQueue, createWeights, type JobQueue } from '../queue/index.ts';

/** Property names equal the environment variables. */
type AppSettings = LedgerEnvironment &
  MasterKeyEnvironment &
  PreflightParts['env'] &
  Parameters<typeof redisTarget>[0] & { LOG_LEVEL: string; QUEUE_PREFIX: string };

/** Parts that a test replaces. */
export interface AppOverrides {
  clock?: Clock;
  log?: Log;
  ledger?: Ledger;
}

export interface OpenedApp {
  log: Log;
  metrics: Metrics;
  clock: Clock;
  ledger: Ledger;
  /** Fails fast while Redis is down. */
  redis: Redis;
  jobQueue: JobQueue;
  /** The share of the quota of a tenant. */
  weightOf: (tenant: string) => Promise<number>;
  /** Opens a further connection, which `close` disconnects. */
  connect(role: ConnectionRole): Redis;
  /** Runs the preflight checks. Does nothing when a test injected the ledger, because then there is no store to check. */
  preflight(): Promise<void>;
  /** Starts the quorum clock, if the app uses it and has a store whose time it can read. */
  startClock(): Promise<void>;
  /** Stops the clock, closes the job queue, then disconnects Redis. Call it after all users of Redis have stopped. */
  close(): Promise<void>;
}

/** @param clock `quorum` corrects the system clock by the times of Redis and the store; deadlines and leases need it. */
export function openApp(
  name: 'api' | 'worker' | 'admin',
  config: AppSettings,
  overrides: AppOverrides,
  { clock: kind }: { clock: 'quorum' | 'system' },
): OpenedApp {
  const log = overrides.log ?? createLog(name, config.LOG_LEVEL);
  const metrics = createMetrics(name);
  const quorum = kind === 'quorum' && !overrides.clock ? createClock(config, log, () => redis) : null;
  const clock = overrides.clock ?? quorum ?? systemClock;
  // Before Redis: a wrong key file throws, and an open connection would keep the process alive.
  const ledger =
    overrides.ledger ?? openLedger(config, openMasterKey(config), clock, undefined, countStoreRequests(metrics));
  const connections: Redis[] = [];
  function connect(role: ConnectionRole): Redis {
    const connection = connectRedis(redisTarget(config), role, (error) =>
      log.debug('redis.error', describeError(error)),
    );
    connections.push(connection);
    return connection;
  }
  const redis = connect('producer');
  const weightOf = createWeights(ledger);
  const jobQueue = createJobQueue(redis, config.QUEUE_PREFIX, { weightOf });

  return {
    ...{ log, metrics, clock, ledger, redis, jobQueue, weightOf, connect },
    async preflight() {
      if (!overrides.ledger) await runPreflight({ env: config, redis, log });
    },
    async startClock() {
      if (quorum && !overrides.ledger) await quorum.start();
    },
    async close() {
      quorum?.stop();
      await jobQueue.close();
      for (const connection of connections) connection.disconnect();
    },
  };
}

function createClock(config: AppSettings, log: Log, redis: () => Redis) {
  return createQuorumClock({
    sources: [
      () => redisTime(redis())(),
      storeTime({ endpoint: config.S3_ENDPOINT, region: config.S3_REGION, proxyFor: readProxies(config) }),
    ],
    onChange: (offsetMs) => log.warn('clock.corrected', { duration_ms: offsetMs }),
  });
}
