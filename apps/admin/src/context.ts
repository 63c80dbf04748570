/** What every part of the admin is given. */
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
  lanes: EndpointLimits;
  /** Fails fast while Redis is away: pages must say so, and not hang. */
  redis: Redis;
  /** On a connection that waits for Redis: the board may be opened before it answers. */
  board: Queues;
  sessions: Sessions;
  endedSessions: EndedSessions;
  formTokens: FormTokens;
  /** Aborts when the shutdown of this process begins. */
  stopping: AbortSignal;
  /** Where the pool and the workers are known. */
  workers: WorkerBoard;
}
