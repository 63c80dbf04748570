/**
 * Runs bulk retries, several at the same time and each at its own rate. It works page by page and saves its position in
 * the ledger after each page with matches, so that another process continues a run after a crash. It never retries a job
 * that ended after the run started.
 */
import { randomUUID } from 'node:crypto';
import { asCardsealError } from '@cardseal/base/errors';
import { type BulkRetryRecord, SYSTEM_TENANT, type Versioned } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import { isFinalFailure, retryJob } from '@cardseal/core/use-cases';
import type { AdminContext } from '../context.ts';
import type { Found } from '../search/search.ts';
import { selectPage } from './selection.ts';

export interface BulkRunner {
  start(): void;
  /** Makes the runner check for new runs at once. */
  wake(): void;
  stop(): Promise<void>;
}

type RunnerParts = Pick<AdminContext, 'ledger' | 'jobQueue' | 'clock' | 'log' | 'redis' | 'config'>;

const POLL_MS = 15_000;
const LEASE_MS = 30_000;
/** A retry makes six requests to the store in sequence, about 20 ms each: 32 parallel retries reach the highest rate. */
const AT_ONCE = 32;
/** One second at the highest rate. Each page costs a listing of names. */
const MAX_PAGE = 200;
const PAGE_BUDGET_MS = 5000;
/**
 * Each checkpoint writes a new version of the record. While pages contain no match, one checkpoint a minute is enough,
 * because listing the names again is cheap.
 */
const CHECKPOINT_EVERY_MS = 60_000;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one loop whose steps share its progress and its stop signal.
export function createBulkRunner(context: RunnerParts): BulkRunner {
  const { ledger, clock, log, redis } = context;
  const stopped = new AbortController();
  const me = randomUUID();
  let wake = () => {};
  let loop: Promise<void> | null = null;
  const tasks = new Map<string, Promise<void>>();

  /** Only one admin process runs a retry. Two would do no harm, but together they would exceed the rate. */
  async function holdsLease(id: string): Promise<boolean> {
    const key = `${context.config.QUEUE_PREFIX}:bulk:${id}`;
    if ((await redis.set(key, me, 'PX', LEASE_MS, 'NX')) === 'OK') return true;
    if ((await redis.get(key)) !== me) return false;
    await redis.pexpire(key, LEASE_MS);
    return true;
  }

  async function runRetry(id: string): Promise<void> {
    let after: string | null = null;
    let savedMs = clock.now();
    while (!stopped.signal.aborted) {
      const run = await ledger.operators.bulkRetries.get(SYSTEM_TENANT, id);
      if (run?.value.state !== 'running' || !(await holdsLease(id))) return;
      const { perSecond, query, startedAtMs } = run.value;
      const beganMs = clock.now();
      const limit = Math.max(1, Math.min(MAX_PAGE, perSecond));
      const paging = { after: after ?? run.value.after, limit, budgetMs: PAGE_BUDGET_MS };
      const { jobs, next } = await selectPage(context, query, paging);
      const counts = await retryAll(context, jobs, startedAtMs);
      if (jobs.length > 0 || clock.now() - savedMs >= CHECKPOINT_EVERY_MS) {
        await saveCheckpoint(id, counts, next);
        savedMs = clock.now();
      }
      if (next === null) return end(id);
      after = next;
      const restMs = (jobs.length / perSecond) * 1000 - (clock.now() - beganMs);
      if (restMs > 0) await clock.sleep(restMs, stopped.signal).catch(() => {});
    }
  }

  async function saveCheckpoint(id: string, counts: Counts, next: string | null): Promise<void> {
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
    if (ended) await writeEndEntry(context, ended);
  }

  const postponed = (error: unknown) => log.warn('admin.bulk_postponed', describeError(error));

  async function startTasks(): Promise<void> {
    if (redis.status !== 'ready') return;
    const runs = await ledger.operators.bulkRetries.list(SYSTEM_TENANT);
    for (const { id, value } of runs) {
      if (value.state !== 'running' || tasks.has(id)) continue;
      const task = runRetry(id)
        .catch(postponed)
        .finally(() => tasks.delete(id));
      tasks.set(id, task);
    }
  }

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      const woken = new AbortController();
      wake = () => woken.abort();
      await startTasks().catch(postponed);
      await clock.sleep(POLL_MS, AbortSignal.any([stopped.signal, woken.signal])).catch(() => {});
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
  const skip = (code: string) => {
    counts.skipped[code] = (counts.skipped[code] ?? 0) + 1;
  };
  for (let at = 0; at < jobs.length; at += AT_ONCE) {
    await Promise.all(
      jobs.slice(at, at + AT_ONCE).map(async ({ tenant, job, code: failure }) => {
        if (isFinalFailure(failure)) return skip(failure);
        try {
          await retryJob({ ledger, jobQueue }, tenant, job, { endedByMs, leaveFinal: true });
          counts.retried++;
        } catch (error) {
          const { code, disposition } = asCardsealError(error);
          // If the store is down, stop: a later run reads the page again. A defect of one job is permanent, so skip the job
          // and continue with the others.
          if (disposition === 'transient' || disposition === 'throttled') throw error;
          if (disposition === 'defect')
            log.error('admin.bulk_left_out', { tenant, job_id: job, ...describeError(error) });
          skip(code);
        }
      }),
    );
  }
  return counts;
}

async function writeEndEntry(
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
