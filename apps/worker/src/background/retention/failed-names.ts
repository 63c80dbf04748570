/**
 * Due names whose work failed: each waits for its own backoff, so that work that cannot succeed for now is retried until
 * it does and takes no time from the rest. In memory only: after a restart every name is due again.
 */
import { backoffMs, removalBackoff } from '@cardseal/core/backoff';
import { LRUCache } from 'lru-cache';

/** Beyond it the name that failed longest ago loses its backoff and is retried in the next sweep. */
const MOST_NAMES = 50_000;

export interface FailedNames {
  waits(name: string): boolean;
  failed(name: string): void;
  done(name: string): void;
}

export function createFailedNames(nowMs: () => number, random: () => number): FailedNames {
  const names = new LRUCache<string, { failures: number; untilMs: number }>({ max: MOST_NAMES });
  return {
    waits: (name) => nowMs() < (names.get(name)?.untilMs ?? 0),
    failed(name) {
      const failures = (names.get(name)?.failures ?? 0) + 1;
      names.set(name, { failures, untilMs: nowMs() + backoffMs(failures, random(), removalBackoff) });
    },
    done: (name) => void names.delete(name),
  };
}
