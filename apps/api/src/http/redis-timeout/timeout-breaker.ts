/**
 * How long a request waits for Redis, whose answers are hints: the ledger has what counts. A Redis that stands still
 * takes commands and answers none, so that waiting for the connection's own deadline would make every request slow.
 */

export const LATE = Symbol('late');

/**
 * Resolves with the answer, or with `LATE` after a short while. After one that was late nothing is waited for until
 * Redis has answered something: a command that is given up after its own deadline is no answer. Rejects as the answer
 * does, unless that comes later than is waited for.
 */
export type TimeoutBreaker = <T>(answer: Promise<T>) => Promise<T | typeof LATE>;

/** Redis answers within a millisecond or two; twice this is well below what a client would notice. */
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
