/**
 * Retention: the worker carries out due work in its second, and sweeps old jobs from time to time. Any number of
 * workers may do this at once: every step is idempotent, and a due name is deleted only when its work is done. Failed
 * work is retried with its own backoff. The two run in parallel: a sweep over many old jobs takes hours, and must not
 * delay a deadline.
 */
import type { DueRef } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import type { WorkerContext } from '../../context.ts';
import { pages } from '../pages.ts';
import { settleDue } from './due.ts';
import { createFailedNames } from './failed-names.ts';
import { eraseOldJobs } from './old-jobs.ts';
import { sweepWebhooks } from './old-webhooks.ts';

const DUE_EVERY_MS = 5000;
/** Each costs about twenty requests in sequence. More at once would take connections from the active jobs. */
const AT_ONCE = 4;

type DueName = DueRef & { key: string };

export interface Retention {
  start(): void;
  stop(): Promise<void>;
  /** Carries out everything that is due now. */
  sweepDue(): Promise<void>;
}

export function createRetention(context: WorkerContext): Retention {
  const { clock, config, ledger, log, random } = context;
  const stopped = new AbortController();
  const failed = createFailedNames(() => clock.now(), random);
  let running: Promise<void> | null = null;

  async function* dueNow(): AsyncGenerator<DueName> {
    for await (const name of ledger.jobs.schedule.until(clock.now())) if (!failed.waits(name.key)) yield name;
  }

  async function settle({ key, ...ref }: DueName): Promise<void> {
    try {
      await settleDue(context, ref);
      await ledger.jobs.schedule.settle(key);
      failed.done(key);
    } catch (error) {
      failed.failed(key);
      log.warn('retention.postponed', {
        tenant: ref.tenant,
        job_id: ref.job,
        reason: ref.what,
        ...describeError(error),
      });
    }
  }

  async function sweepDue(): Promise<void> {
    for await (const page of pages(dueNow(), AT_ONCE)) {
      if (stopped.signal.aborted) return;
      await Promise.all(page.map(settle));
    }
  }

  async function doDue(): Promise<void> {
    while (!stopped.signal.aborted) {
      await clock.sleep(DUE_EVERY_MS * (0.5 + random()), stopped.signal).catch(() => {});
      if (stopped.signal.aborted) return;
      await sweepDue().catch((error) => log.warn('retention.postponed', describeError(error)));
    }
  }

  async function sweepOld(): Promise<void> {
    const webhooks = await sweepWebhooks(context, stopped.signal);
    const count = webhooks + (await eraseOldJobs(context, stopped.signal));
    if (count > 0) log.info('retention.swept', { count });
  }

  async function eraseOld(): Promise<void> {
    // Workers that start together do not sweep together.
    let nextMs = clock.now() + random() * config.RETENTION_INTERVAL_MS;
    while (!stopped.signal.aborted) {
      await clock.sleep(DUE_EVERY_MS, stopped.signal).catch(() => {});
      if (stopped.signal.aborted) return;
      if (clock.now() < nextMs) continue;
      nextMs = clock.now() + config.RETENTION_INTERVAL_MS;
      await sweepOld().catch((error) => log.warn('retention.postponed', describeError(error)));
    }
  }

  return {
    sweepDue,
    start() {
      running ??= Promise.all([doDue(), eraseOld()]).then(() => undefined);
    },
    async stop() {
      stopped.abort();
      await running;
    },
  };
}
