/**
 * Usage and gates of credentials survive the loss of Redis: one worker per minute writes the counts to the ledger,
 * each worker writes changes of gates, and a new Redis gets both before any job is put on the queue again.
 */
import { describeError } from '@cardseal/core/log';
import { epochKey } from '@cardseal/core/queue';
import type { Redis } from 'ioredis';
import type { WorkerContext } from '../../context.ts';
import { createGateRecords } from './gate-records.ts';

const EVERY_MS = 60_000;
/** A new Redis grants its first permit 1.5 s after the first request: by then it must know which gates are closed. */
const GATES_EVERY_MS = 1000;
const LOCK_MS = 55_000;
const SHANGHAI_MS = 8 * 3_600_000;

export interface UsageSync {
  start(): void;
  stop(): Promise<void>;
  /** For the current day and in total. */
  save(): Promise<void>;
  restore(): Promise<void>;
}

export function createUsageSync(context: WorkerContext, redis: Redis): UsageSync {
  const { clock, config, ledger, log, pacer, rates } = context;
  const gates = createGateRecords(context);
  const epoch = () => redis.get(epochKey(config.QUEUE_PREFIX));
  const lock = `${config.QUEUE_PREFIX}:usage-lock`;
  const stopped = new AbortController();
  let running: Promise<void> | null = null;
  const days = () => [new Date(clock.now() + SHANGHAI_MS).toISOString().slice(0, 10), 'total'];

  async function save(): Promise<void> {
    for (const day of days()) {
      for (const [credential, counts] of Object.entries(await pacer.usage(day))) {
        if (counts.calls > 0) await ledger.reports.usage.save(credential, day, { ...counts });
      }
    }
  }

  async function restore(): Promise<void> {
    await gates.restore();
    for (const day of days()) {
      const read = [...rates.keys()].map(async (id) => [id, await ledger.reports.usage.read(id, day)] as const);
      const found = (await Promise.all(read)).filter(([, counts]) => counts !== null);
      await pacer.restoreUsage(day, Object.fromEntries(found.map(([id, counts]) => [id, { ...counts }])));
    }
  }

  /** The reconciler restores too, before it scans; this check is faster. */
  async function watchGates(): Promise<void> {
    let lost = false;
    while (!stopped.signal.aborted) {
      await clock.sleep(GATES_EVERY_MS, stopped.signal).catch(() => {});
      try {
        const known = (await epoch()) !== null;
        if (known) await gates.save(epoch);
        else if (!lost) await restore();
        lost = !known;
      } catch (error) {
        log.warn('gates.postponed', describeError(error));
      }
    }
  }

  async function loop(): Promise<void> {
    while (!stopped.signal.aborted) {
      await clock.sleep(EVERY_MS, stopped.signal).catch(() => {});
      try {
        const turn = !stopped.signal.aborted && (await redis.set(lock, '1', 'PX', LOCK_MS, 'NX')) === 'OK';
        if (turn) await save();
      } catch (error) {
        log.warn('usage.postponed', describeError(error));
      }
    }
  }

  return {
    save,
    restore,
    start() {
      running ??= Promise.all([loop(), watchGates()]).then(() => undefined);
    },
    async stop() {
      stopped.abort();
      await running;
    },
  };
}
