/**
 * Limits how long a request waits for Redis, whose responses are hints only: the ledger has the truth. A Redis that
 * hangs accepts commands and responds to none, so that waiting for the connection's own timeout would make every
 * request slow.
 */

export const LATE = Symbol('late');

/**
 * Resolves with the response, or with `LATE` after a short time. After a late one no caller waits until Redis has
 * responded again; a command that fails after its own timeout is no response. Rejects as the command does, unless that
 * comes later than the limit.
 */
export type TimeoutBreaker = <T>(answer: Promise<T>) => Promise<T | typeof LATE>;

/** Redis responds within one or two milliseconds; twice this limit is still unnoticeable for a client. */
const PATIENCE_MS = 20;

export function createTimeoutBreaker(patienceMs = PATIENCE_MS): TimeoutBreaker {
  let away = false;
  const answered = () => {
    away = false;
  };

  return async (answer) => {
    answer.then(answered, () => {});
    if (away) return LATE;
    const { promise: late, resolve } = Promise.withResolvers<typeof LATE>();
    const timer = setTimeout(() => {
      away = true;
      resolve(LATE);
    }, patienceMs);
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  };
}
