/**
 * Outcomes that this process has just decided, for deliveries that it starts at once: they need not be read back. In
 * memory only, for a few seconds. A caller that uses one still checks whether the job was erased meanwhile.
 */
import type { Outcome } from '@cardseal/core/job';
import type { DeliveryRef } from '@cardseal/core/ledger';
import { LRUCache } from 'lru-cache';

const TTL_MS = 5000;
const KEPT_OUTCOMES = 1000;
const KEPT_CHARACTERS = 16_000_000;

export type CachedOutcome = Omit<Outcome, 'nonce'>;

type OutcomeName = Pick<DeliveryRef, 'tenant' | 'job' | 'generation'>;

export interface OutcomeCache {
  keep(name: OutcomeName, outcome: CachedOutcome): void;
  /** undefined when it must be read from the ledger. */
  of(name: OutcomeName): CachedOutcome | undefined;
}

/** @param delivers false for a worker without deliveries, which stores nothing. */
export function createOutcomeCache(delivers: boolean): OutcomeCache {
  const nameOf = ({ tenant, job, generation }: OutcomeName) => `${tenant}/${job}.${generation}`;
  const kept = new LRUCache<string, CachedOutcome>({
    max: KEPT_OUTCOMES,
    ttl: TTL_MS,
    maxSize: KEPT_CHARACTERS,
    sizeCalculation: ({ full, reference }) => full.length + reference.length + 1000,
  });
  return {
    keep(name, outcome) {
      if (delivers) kept.set(nameOf(name), outcome);
    },
    of: (name) => kept.get(nameOf(name)),
  };
}
