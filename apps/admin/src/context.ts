/** The dependencies of the admin. Each part takes only the members that it uses. */
import type { Clock } from '@cardseal/base/clock';
import type { Ledger } from '@cardseal/core/ledger';
import type { Log } from '@cardseal/core/log';
import type { EndpointLimits, JobQueue, Queues, WorkerBoard } from '@cardseal/core/queue';
import type { Redis } from 'ioredis';
import type { EndedSessions } from './auth/ended-sessions.ts';
import type { FormTokens } from './auth/form-token.ts';
import type { Sessions } from './auth/session.ts';
import type { AdminConfig } from './config.ts';

export interface AdminContext {
  config: AdminConfig;
  clock: Clock;
  log: Log;
  ledger: Ledger;
  jobQueue: JobQueue;
  endpointLimits: EndpointLimits;
  /** Commands fail at once while Redis is down, so that pages report the outage instead of hanging. */
  redis: Redis;
  /** Uses a connection that waits for Redis, because Bull Board may open before Redis responds. */
  board: Queues;
  sessions: Sessions;
  endedSessions: EndedSessions;
  formTokens: FormTokens;
  /** Aborts when this process begins to shut down. */
  stopping: AbortSignal;
  /** Lists the running workers and the credentials of the pool. */
  workers: WorkerBoard;
}
