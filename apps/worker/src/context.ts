/** What every step of the worker is given. */

import type { Clock } from '@cardseal/base/clock';
import type { Ledger } from '@cardseal/core/ledger';
import type { Log } from '@cardseal/core/log';
import type { Metrics } from '@cardseal/core/metrics';
import type { EndpointLimits, JobQueue } from '@cardseal/core/queue';
import type { Pacer } from '@cardseal/pacer';
import type { BaiduProvider } from '@cardseal/providers/baidu';
import type { WebhookSender } from '@cardseal/webhook';
import type { FlowMeter } from './concurrency/index.ts';
import type { WorkerConfig } from './config.ts';
import type { Endpoints } from './endpoints.ts';
import type { FreshOutcomes } from './fresh-outcomes.ts';
import type { Unsaved } from './recognize/unsaved.ts';
import type { Tenants } from './tenants.ts';

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
  freshOutcomes: FreshOutcomes;
  unsaved: Unsaved;
  jobQueue: JobQueue;
  lanes: EndpointLimits;
  pacer: Pacer;
  meter: FlowMeter;
  /** By credential id, in the order of the pool file. */
  providers: ReadonlyMap<string, BaiduProvider>;
  /** Nominal calls per second, by credential id. */
  rates: ReadonlyMap<string, number>;
  webhooks: WebhookSender;
  /** Aborts when the worker begins to stop: who only waits hands back at once. */
  stopping: AbortSignal;
}
