/**
 * Walks do their work for each name alone: one object that does not open, of one tenant, must not stand in the way of
 * all others. What failed is told with its ids and left where it is; a walk that met a passing trouble has not seen
 * everything, and says so when it ends.
 */
import { asCardsealError, type CardsealError } from '@cardseal/base/errors';
import { describeError, type Log } from '@cardseal/core/log';
import type { Metrics } from '@cardseal/core/metrics';

export interface Isolation {
  /** What came of those that did not fail. Throws when all of several fail by a passing trouble: then it is everybody's. */
  each<T extends Owned, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]>;
  /** Throws the passing trouble that was met last, if any was. */
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

/** Tells of what will not mend itself, with the ids. A trouble that passes is returned instead. */
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
