/** What every part of the admin is given. */
import type { Clock } from '@cardseal/core/clock';
import type { Ledger } from '@cardseal/core/ledger';
import type { Log } from '@cardseal/core/log';
import type { Conveyor, Queues } from '@cardseal/core/queue';
import type { Sessions } from './auth/session.ts';
import type { AdminConfig } from './config.ts';
import type { GateParts } from './gates/routes.ts';

export interface AdminContext {
  config: AdminConfig;
  clock: Clock;
  log: Log;
  ledger: Ledger;
  conveyor: Conveyor;
  /** On a connection that waits for Redis: the board may be opened before it answers. */
  board: Queues;
  sessions: Sessions;
  /** Where the pool and its gates are known. */
  gates: GateParts;
}
