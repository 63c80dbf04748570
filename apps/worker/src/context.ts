/** The parts that the worker's steps share. */

import type { Clock } from '@cardseal/base/clock';
import type { Ledger } from '@cardseal/core/ledger';
import type { Log } from '@cardseal/core/log';
import type { Metrics } from '@cardseal/core/metrics';
import type { Provider, ReadReply } from '@cardseal/core/provider';
import type { EndpointLimits, JobQueue } from '@cardseal/core/queue';
import type { Pacer } from '@cardseal/pacer';
import type { WebhookSender } from '@cardseal/webhook';
import type { Endpoints } from './caches/endpoint-cache.ts';
import type { OutcomeCache } from './caches/outcome-cache.ts';
import type { Tenants } from './caches/tenant-cache.ts';
import type { WorkerConfig } from './config.ts';
import type { WriteBuffer } from './recognize/guards/write-buffer.ts';
import type { FlowMeter } from './supervision/concurrency/index.ts';

export interface WorkerContext {
  config: WorkerConfig;
  clock: Clock;
  /** In [0, 1). */
  random: () => number;
  log: Log;
  metrics: Metrics;
  ledger: Ledger;
  tenants: Tenants;
  endpoints: Endpoints;
  outcomeCache: OutcomeCache;
  writeBuffer: WriteBuffer;
  jobQueue: JobQueue;
  endpointLimits: EndpointLimits;
  pacer: Pacer;
  meter: FlowMeter;
  /** By credential id, in the order of the pool file. */
  providers: ReadonlyMap<string, Provider>;
  /** Reads the stored reply of any provider. */
  readReply: ReadReply;
  /** Nominal calls per second, by credential id. */
  rates: ReadonlyMap<string, number>;
  webhooks: WebhookSender;
  /** Aborts when the worker begins to stop: a job that only waits is returned at once. */
  stopping: AbortSignal;
}
