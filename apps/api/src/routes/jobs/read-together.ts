/**
 * Shares one read of the ledger among all requests that the same notification wakes. Only reads that begin in one turn
 * of the event loop are shared: a later notification must see later changes.
 */
import type { JobId, JobView } from '@cardseal/core/job';
import type { ApiContext } from '../../context.ts';
import type { Caller } from '../../http/auth/index.ts';
import { readJob } from './read-job.ts';

type Looks = Map<string, Promise<JobView | null>>;

const looksOf = new WeakMap<ApiContext, Looks>();

/** Like `readJob`. Callers with different rights do not share. */
export function readJobTogether(context: ApiContext, caller: Caller, job: JobId): Promise<JobView | null> {
  const looks = looksOf.get(context) ?? beginTurn(context);
  const name = `${caller.tenant} ${job} ${caller.scopes.includes('results:read')}`;
  const look = looks.get(name) ?? readJob(context, caller, job);
  looks.set(name, look);
  return look;
}

function beginTurn(context: ApiContext): Looks {
  const looks: Looks = new Map();
  looksOf.set(context, looks);
  setImmediate(() => looksOf.delete(context));
  return looks;
}
