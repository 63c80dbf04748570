/**
 * The reconciler scans the markers of work in flight and puts back on the job queue what Redis no longer knows: at
 * start, on schedule, and at once when Redis is new. It never scans finished jobs.
 */
import { armFailpoints } from '@cardseal/core/failpoints';
import { describeError } from '@cardseal/core/log';
import type { WorkerContext } from '../../context.ts';
import { createDailyReports } from '../reports/daily-reports.ts';
import { createRetention } from '../retention/retention.ts';
import { createSubmissionSweep } from './pending-submissions.ts';
import type { RedisInstance } from './redis-instance.ts';
import { restoreUndelivered } from './restore-deliveries.ts';
import { restorePending } from './restore-jobs.ts';

const EPOCH_CHECK_MS = 2000;
/** A scan that an error stopped is repeated soon, but not so often that it fills the worker. */
const LONGEST_PAUSE_MS = 10_000;

export interface Reconciler {
  start(): void;
  stop(): Promise<void>;
  /** One complete scan. */
  walk(): Promise<void>;
}

/** @param onNew runs before the first scan of a new Redis. */
export function createReconciler(
  context: WorkerContext,
  epoch: RedisInstance,
  onNew: () => Promise<void> = async () => {},
): Reconciler {
  const { clock, config, log } = context;
  if (config.FAILPOINTS_DIR !== undefined) armFailpoints(config.FAILPOINTS_DIR);
  const stopped = new AbortController();
  const retention = createRetention(context);
  const manifests = createDailyReports(context);
  const submits = createSubmissionSweep(context);
  let running: Promise<void> | null = null;

  async function walk(): Promise<void> {
    const fresh = await epoch.isNew();
    const startedMs = clock.now();
    if (fresh) await onNew();
    let trouble: unknown = null;
    const pending = await restorePending(context, submits).catch((error: unknown) => {
      trouble = error;
      return 0;
    });
    // Jobs that cannot be read delay no delivery.
    const undelivered = await restoreUndelivered(context);
    if (trouble) throw trouble;
    context.metrics.count('cardseal_reconciled_total', { what: 'card' }, pending);
    context.metrics.count('cardseal_reconciled_total', { what: 'delivery' }, undelivered);
    // The instance id is written last: a scan that was interrupted is repeated.
    if (fresh) await epoch.mark();
    if (fresh || pending + undelivered > 0) {
      log.info('reconcile.walked', { count: pending + undelivered, duration_ms: clock.now() - startedMs });
    }
  }

  async function loop(): Promise<void> {
    let dueMs = 0;
    let pauseMs = EPOCH_CHECK_MS;
    while (!stopped.signal.aborted) {
      try {
        // Measured with a monotonic clock: a wall clock that was ahead for a moment must not delay the next scan.
        if (performance.now() >= dueMs || (await epoch.isNew())) {
          await walk();
          dueMs = performance.now() + config.RECONCILE_INTERVAL_MS;
        }
        pauseMs = EPOCH_CHECK_MS;
      } catch (error) {
        log.warn('reconcile.postponed', describeError(error));
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      }
      await clock.sleep(pauseMs, stopped.signal).catch(() => {});
    }
  }

  return {
    walk,
    start() {
      running ??= loop();
      retention.start();
      manifests.start();
    },
    async stop() {
      stopped.abort();
      await Promise.all([running, retention.stop(), manifests.stop()]);
    },
  };
}
