/**
 * How long a request waits for Redis, whose answers are hints: the ledger has what counts. A Redis that stands still
 * takes commands and answers none, so that waiting for the connection's own deadline would make every request slow.
 */

export const LATE = Symbol('late');

/**
 * Resolves with the answer, or with `LATE` after a short while; at once while an earlier answer is still overdue.
 * Rejects as the answer does, unless that comes later than is waited for.
 */
export type Patience = <T>(answer: Promise<T>) => Promise<T | typeof LATE>;

/** Redis answers within a millisecond or two; twice this is well below what a client would notice. */
const PATIENCE_MS = 20;

export function createPatience(patienceMs = PATIENCE_MS): Patience {
  let overdue = 0;

  return async (answer) => {
    if (overdue > 0) {
      answer.catch(() => {});
      return LATE;
    }
    const { promise: late, resolve } = Promise.withResolvers<typeof LATE>();
    const timer = setTimeout(() => {
      overdue++;
      const settled = () => void overdue--;
      answer.then(settled, settled);
      resolve(LATE);
    }, patienceMs);
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  };
}
