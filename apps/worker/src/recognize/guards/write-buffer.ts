/**
 * Keeps paid replies in memory while the ledger takes no writes, and saves them as soon as it does, for as long as
 * this worker owns the job. While a reply waits, this worker makes no further paid call.
 */
import type { Clock } from '@cardseal/base/clock';
import { asCardsealError } from '@cardseal/base/errors';
import { backoffMs, ledgerBackoff } from '@cardseal/core/backoff';
import { describeError, type Log } from '@cardseal/core/log';

export interface WriteBuffer {
  /**
   * Repeats a write until the ledger takes it. Throws the ledger's error when `signal` aborts first, and other errors
   * at once.
   */
  persist<T>(ids: { tenant: string; job_id: string }, signal: AbortSignal, write: () => Promise<T>): Promise<T>;
  /** The number of waiting replies. */
  waiting(): number;
}

export function createWriteBuffer({
  clock,
  log,
  random,
}: {
  clock: Clock;
  log: Pick<Log, 'warn'>;
  random: () => number;
}): WriteBuffer {
  let waiting = 0;

  async function again<T>(signal: AbortSignal, write: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      await clock.sleep(backoffMs(tries, random(), ledgerBackoff), signal).catch(() => {});
      try {
        return await write();
      } catch (error) {
        if (signal.aborted || !isLedgerAway(error)) throw error;
      }
    }
  }

  return {
    waiting: () => waiting,
    async persist(ids, signal, write) {
      try {
        return await write();
      } catch (error) {
        if (signal.aborted || !isLedgerAway(error)) throw error;
        log.warn('reply.kept', { ...ids, ...describeError(error) });
      }
      waiting++;
      try {
        return await again(signal, write);
      } finally {
        waiting--;
      }
    },
  };
}

/** Spends no attempt, because neither the job nor the provider can change the state of the ledger. */
export function isLedgerAway(error: unknown): boolean {
  const { code, disposition } = asCardsealError(error);
  return disposition === 'transient' && code.startsWith('store_');
}
