/** The parts that the API's routes and steps share. */
import type { Clock } from '@cardseal/base/clock';
import type { Ledger } from '@cardseal/core/ledger';
import type { Log } from '@cardseal/core/log';
import type { Metrics } from '@cardseal/core/metrics';
import type { FinishedEvents, JobChanges, JobQueue } from '@cardseal/core/queue';
import type { CancelParts } from '@cardseal/core/use-cases';
import type { TargetGuard } from '@cardseal/webhook';
import type { ApiConfig } from './config.ts';
import type { MemoryBudget } from './http/bodies/index.ts';
import type { Limits } from './http/limits/index.ts';
import type { UsageMeter } from './http/limits/usage-meter.ts';
import type { TimeoutBreaker } from './http/redis-timeout/index.ts';
import type { KeyWatch } from './http/waits/index.ts';
import type { PoolWatch } from './routes/quota/pool-watch.ts';

export interface ApiContext {
  config: ApiConfig;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  ledger: Ledger;
  jobQueue: JobQueue;
  finished: FinishedEvents;
  changes: JobChanges;
  guard: TargetGuard;
  limits: Limits;
  /** For requests to Redis while a client waits. */
  soon: TimeoutBreaker;
  /** Never throws; takes half a second at most. */
  redisResponds: () => Promise<boolean>;
  pool: PoolWatch;
  usage: UsageMeter;
  bodyBudget: MemoryBudget;
  keyWatch: KeyWatch;
  /** Aborts when shutdown begins: the process takes no new connections, and waiting requests end. */
  stopping: AbortSignal;
  /** A tenant's share of the quota. */
  weightOf: (tenant: string) => Promise<number>;
}

/** The parts for the use case `cancel`. */
export function cancelParts({ ledger, jobQueue, clock, config, log, metrics }: ApiContext): CancelParts {
  return { ledger, jobQueue, clock, publicUrl: config.PUBLIC_URL ?? '', log, metrics };
}
