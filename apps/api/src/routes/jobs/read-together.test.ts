import { newJobId } from '@cardseal/core/job';
import { SCOPES } from '@cardseal/core/ledger';
import { describe, expect, it } from 'vitest';
import type { ApiContext } from '../../context.ts';
import type { Caller } from '../../http/auth/index.ts';
import { lookAgainMs } from './poll-interval.ts';
import { readJobTogether } from './read-together.ts';

/** An API whose ledger knows no job, and counts who asks. */
function countingContext() {
  let asked = 0;
  const inventory = async () => {
    asked++;
    return { committed: false, erased: false };
  };
  return { context: { ledger: { jobs: { inventory } } } as unknown as ApiContext, asked: () => asked };
}
const caller = (tenant: string, scopes: Caller['scopes'] = SCOPES): Caller => ({ tenant, apiKeyId: 'k', scopes });

describe('looks at the ledger', () => {
  it('are shared by the requests that one message wakes, and by no later request', async () => {
    const { context, asked } = countingContext();
    const job = newJobId(1);
    await Promise.all(Array.from({ length: 100 }, () => readJobTogether(context, caller('bank'), job)));
    expect(asked()).toBe(1);
    await new Promise(setImmediate);
    await readJobTogether(context, caller('bank'), job);
    expect(asked()).toBe(2);
  });

  it('are not shared between tenants, jobs, or callers that see more and less of a result', async () => {
    const { context, asked } = countingContext();
    const job = newJobId(1);
    await Promise.all([
      readJobTogether(context, caller('bank'), job),
      readJobTogether(context, caller('other'), job),
      readJobTogether(context, caller('bank', ['jobs:read']), job),
      readJobTogether(context, caller('bank'), newJobId(2)),
    ]);
    expect(asked()).toBe(4);
  });

  it('are rare while notifications arrive, and together at most fifty a second while they do not', () => {
    const waiters = (connected: boolean, polls: number, streams: number) =>
      lookAgainMs({
        finished: { connected: () => connected, waiting: () => polls },
        changes: { watching: () => streams },
      } as unknown as ApiContext);
    expect(waiters(true, 1000, 1000)).toBe(300_000);
    expect(waiters(false, 1, 0)).toBe(2000);
    expect(waiters(false, 1000, 1000)).toBe(40_000);
  });
});
