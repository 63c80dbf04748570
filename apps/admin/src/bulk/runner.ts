/**
 * Carries out bulk retries, side by side and each at its own pace: page by page, with a mark in the ledger behind each
 * that had something in it, so that one that died with its process goes on where it was. It tries nothing again that
 * ended after the run began.
 */
import { randomUUID } from 'node:crypto';
import { asCardsealError } from '@cardseal/base/errors';
import { type BulkRetryRecord, SYSTEM_TENANT, type Versioned } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import { isFinalFailure, reopen } from '@cardseal/core/use-cases';
import type { AdminContext } from '../context.ts';
import type { Found } from '../search/search.ts';
import { selectPage } from './selection.ts';

export interface BulkRunner {
  start(): void;
  /** Looks at once whether there is something to do. */
  wake(): void;
  stop(): Promise<void>;
}

type RunnerParts = Pick<AdminContext, 'ledger' | 'jobQueue' | 'clock' | 'log' | 'redis' | 'config'>;

const LOOK_EVERY_MS = 15_000;
const LEASE_MS = 30_000;
/** Six requests to the store one after the other, 20 ms each, let 32 at once keep the fastest pace. */
const AT_ONCE = 32;
/** A second of the fastest pace: each page costs a look at the names. */
const MAX_PAGE = 200;
const LOOK_BUDGET_MS = 5000;
/** A mark is a new version of the record. Behind pages of nothing one a minute will do: names are soon looked at again. */
const MARK_EVERY_MS = 60_000;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one loop whose steps share its progress and its stop signal.
export function createBulkRunner(context: RunnerParts): BulkRunner {
  const { ledger, clock, log, redis } = context;
  const stopped = new AbortController();
  const me = randomUUID();
  let wake = () => {};
  let loop: Promise<void> | null = null;
  const tasks = new Map<string, Promise<void>>();

  /** One admin process at a time: two would do no harm, and keep no pace. */
  async function holdsLease(id: string): Promise<boolean> {
    const key = `${context.config.QUEUE_PREFIX}:bulk:${id}`;
    if ((await redis.set(key, me, 'PX', LEASE_MS, 'NX')) === 'OK') return true;
    if ((await redis.get(key)) !== me) return false;
    await redis.pexpire(key, LEASE_MS);
    return true;
  }

  async function carryOut(id: string): Promise<void> {
    let after: string | null = null;
    let markedMs = clock.now();
    while (!stopped.signal.aborted) {
      const run = await ledger.operators.bulkRetries.get(SYSTEM_TENANT, id);
      if (run?.value.state !== 'running' || !(await holdsLease(id))) return;
      const { perSecond, query, startedAtMs } = run.value;
      const beganMs = clock.now();
      const limit = Math.max(1, Math.min(MAX_PAGE, perSecond));
      const paging = { after: after ?? run.value.after, limit, budgetMs: LOOK_BUDGET_MS };
      const { jobs, next } = await selectPage(context, query, paging);
      const counts = await retryAll(context, jobs, startedAtMs);
      if (jobs.length > 0 || clock.now() - markedMs >= MARK_EVERY_MS) {
        await mark(id, counts, next);
        markedMs = clock.now();
      }
      if (next === null) return end(id);
      after = next;
      const restMs = (jobs.length / perSecond) * 1000 - (clock.now() - beganMs);
      if (restMs > 0) await clock.sleep(restMs, stopped.signal).catch(() => {});
    }
  }

  async function mark(id: string, counts: Counts, next: string | null): Promise<void> {
    await ledger.operators.bulkRetries.change(SYSTEM_TENANT, id, (value) => {
      const skipped = { ...value.skipped };
      for (const [code, count] of Object.entries(counts.skipped)) skipped[code] = (skipped[code] ?? 0) + count;
      return { ...value, after: next ?? value.after, retried: value.retried + counts.retried, skipped };
    });
  }

  async function end(id: string): Promise<void> {
    const endedAtMs = clock.now();
    const ended = await ledger.operators.bulkRetries.change(SYSTEM_TENANT, id, (value) =>
      value.state === 'running' ? { ...value, state: 'finished', endedAtMs } : value,
    );
    if (ended) await putOnRecord(context, ended);
  }

  const postponed = (error: unknown) => log.warn('admin.bulk_postponed', describeError(error));

  async function lookOnce(): Promise<void> {
    if (redis.status !== 'ready') return;
    const runs = await ledger.operators.bulkRetries.list(SYSTEM_TENANT);
    for (const { id, value } of runs) {
      if (value.state !== 'running' || tasks.has(id)) continue;
      const task = carryOut(id)
        .catch(postponed)
        .finally(() => tasks.delete(id));
      tasks.set(id, task);
    }
  }

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      const woken = new AbortController();
      wake = () => woken.abort();
      await lookOnce().catch(postponed);
      await clock.sleep(LOOK_EVERY_MS, AbortSignal.any([stopped.signal, woken.signal])).catch(() => {});
    }
    await Promise.all(tasks.values());
  }

  return {
    start() {
      loop ??= run();
    },
    wake: () => wake(),
    async stop() {
      stopped.abort();
      await loop;
    },
  };
}

interface Counts {
  retried: number;
  skipped: Record<string, number>;
}

async function retryAll(
  { ledger, jobQueue, log }: RunnerParts,
  jobs: readonly Found[],
  endedByMs: number,
): Promise<Counts> {
  const counts: Counts = { retried: 0, skipped: {} };
  const leaveOut = (code: string) => {
    counts.skipped[code] = (counts.skipped[code] ?? 0) + 1;
  };
  for (let at = 0; at < jobs.length; at += AT_ONCE) {
    await Promise.all(
      jobs.slice(at, at + AT_ONCE).map(async ({ tenant, job, code: failure }) => {
        if (isFinalFailure(failure)) return leaveOut(failure);
        try {
          await reopen(ledger, jobQueue, tenant, job, { endedByMs, leaveFinal: true });
          counts.retried++;
        } catch (error) {
          const { code, disposition } = asCardsealError(error);
          // A store that is away is no reason to leave a job out: the page is read again. A defect of one job stays, and
          // must not stop the run for all others.
          if (disposition === 'transient' || disposition === 'throttled') throw error;
          if (disposition === 'defect')
            log.error('admin.bulk_left_out', { tenant, job_id: job, ...describeError(error) });
          leaveOut(code);
        }
      }),
    );
  }
  return counts;
}

async function putOnRecord(
  { ledger }: Pick<AdminContext, 'ledger'>,
  { id, value }: Versioned<BulkRetryRecord>,
): Promise<void> {
  const { by, state, retried, skipped } = value;
  const left = Object.values(skipped).reduce((sum, count) => sum + count, 0);
  const detail = { by, state, retried, skipped: left };
  await ledger.operators.audit.append({
    who: 'machine',
    role: 'machine',
    action: 'bulk_retry.end',
    target: { bulk: id },
    reason: null,
    detail,
  });
}
