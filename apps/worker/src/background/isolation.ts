/**
 * Isolates the items of a scan from each other: one object of one tenant that does not open must not stop the work for
 * all others. A failed item is logged with its ids and left unchanged. A scan that met a transient error has not seen
 * everything, and throws that error at its end.
 */
import { asCardsealError, type CardsealError } from '@cardseal/base/errors';
import { describeError, type Log } from '@cardseal/core/log';
import type { Metrics } from '@cardseal/core/metrics';

export interface Isolation {
  /**
   * Results of the items that succeeded. Throws if several items failed and all with a transient error: the cause is
   * then shared.
   */
  each<T extends Owned, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]>;
  /** Throws the last transient error, if there was one. */
  end(): void;
}

/** Where an object that stays unreadable is reported. */
export interface IsolationParts {
  log: Pick<Log, 'error'>;
  metrics: Pick<Metrics, 'count'>;
}

interface Owned {
  tenant: string;
  job: string;
}

/**
 * The key of one tenant is wrapped with a master key that this process does not have. Until an operator adds that key, it
 * stays so: if it ended a scan, the scan would put back no job of any other tenant.
 */
const UNKNOWN_KEY = 'key_service_unknown_key';

/** Logs an error that does not pass by itself, with the ids. Returns a transient error instead. */
export function logIfStuck(told: IsolationParts, owned: Owned, thrown: unknown): CardsealError | null {
  const error = asCardsealError(thrown);
  if (error.disposition === 'transient' || error.disposition === 'throttled') return error;
  tell(told, owned, error);
  return null;
}

function tell({ log, metrics }: IsolationParts, { tenant, job }: Owned, error: CardsealError): void {
  metrics.count('cardseal_own_faults_total', { work: 'walk', code: error.code });
  log.error('walk.stuck', { tenant, job_id: job, ...describeError(error) });
}

export function createIsolation(told: IsolationParts): Isolation {
  let passing: CardsealError | null = null;
  return {
    async each(items, work) {
      const runs = await Promise.allSettled(items.map(async (item) => work(item)));
      let met = 0;
      for (const [at, run] of runs.entries()) {
        if (run.status === 'fulfilled') continue;
        const trouble = logIfStuck(told, items[at]!, run.reason);
        if (trouble?.code === UNKNOWN_KEY) tell(told, items[at]!, trouble);
        else if (trouble) {
          passing = trouble;
          met++;
        }
      }
      if (passing && items.length > 1 && met === items.length) throw passing;
      return runs.filter((run) => run.status === 'fulfilled').map(({ value }) => value);
    },
    end() {
      if (passing) throw passing;
    },
  };
}
