/**
 * Creates the daily reconciliation report of the last complete day for every tenant. The first worker that notices
 * creates it, another one continues after a crash, and two concurrent ones write the same objects.
 */
import { SYSTEM_TENANT } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import { lastDay, makeManifest } from '@cardseal/core/reports';
import type { WorkerContext } from '../../context.ts';

const LOOK_EVERY_MS = 10 * 60_000;

export interface DailyReports {
  start(): void;
  stop(): Promise<void>;
  /** Creates the missing reports of the last complete day. Returns how many it created. */
  makeMissing(): Promise<number>;
}

export function createDailyReports({ clock, ledger, log, random }: WorkerContext): DailyReports {
  const stopped = new AbortController();
  let running: Promise<void> | null = null;
  let doneDay = '';

  async function makeMissing(): Promise<number> {
    const day = lastDay(clock.now());
    if (day === doneDay) return 0;
    let made = 0;
    let failed = 0;
    for (const tenant of await ledger.tenants.records.ids(SYSTEM_TENANT)) {
      if ((await ledger.reports.manifests.latest(tenant, day)) > 0) continue;
      // A tenant whose objects cannot be read delays no other tenant's report.
      const done = await make(tenant, day).catch((error) => {
        log.error('walk.stuck', { tenant, ...describeError(error) });
        failed++;
        return true;
      });
      if (!done) return made;
      made++;
    }
    if (failed === 0) doneDay = day;
    return made - failed;
  }

  /** False when it was stopped. */
  async function make(tenant: string, day: string): Promise<boolean> {
    const manifest = await makeManifest(ledger, clock, { tenant, day }, stopped.signal);
    if (!manifest) return false;
    const { agrees, problems, counts } = manifest;
    if (!agrees) log.error('manifest.disagrees', { tenant, at: day, count: problems });
    else log.info('manifest.made', { tenant, at: day, count: counts.accepted });
    return true;
  }

  async function loop(): Promise<void> {
    while (!stopped.signal.aborted) {
      // Workers that start together do not begin together.
      await clock.sleep(LOOK_EVERY_MS * (0.1 + 0.9 * random()), stopped.signal).catch(() => {});
      if (stopped.signal.aborted) return;
      await makeMissing().catch((error) => log.warn('manifest.postponed', describeError(error)));
    }
  }

  return {
    makeMissing,
    start() {
      running ??= loop();
    },
    async stop() {
      stopped.abort();
      await running;
    },
  };
}
