/** Counts the results of permits and calls: the figures for cost and quota. */
import { CardsealError } from '@cardseal/base/errors';
import type { OutcomeKind } from '@cardseal/pacer';
import type { WorkerContext } from '../context.ts';

type Counted = Pick<WorkerContext, 'metrics'>;

export function countAccepted({ metrics }: Counted, credential: string, latencyMs: number): void {
  metrics.count('cardseal_permits_total', { credential, outcome: 'accepted' });
  metrics.count('cardseal_upstream_replies_total', { credential, code: 'accepted', billed: 'yes' });
  metrics.observe('cardseal_upstream_seconds', { credential }, latencyMs / 1000);
}

/** @param error classified; its code is one of a closed list, whatever the provider sent. */
export function countRefused({ metrics }: Counted, credential: string, outcome: OutcomeKind, error: unknown): void {
  const known = error instanceof CardsealError;
  metrics.count('cardseal_permits_total', { credential, outcome });
  metrics.count('cardseal_upstream_replies_total', {
    credential,
    code: known ? error.code : 'internal_defect',
    billed: known ? String(error.fields.billed ?? 'unknown') : 'unknown',
  });
}

export function countReturned({ metrics }: Counted, credential: string): void {
  metrics.count('cardseal_permits_total', { credential, outcome: 'returned' });
}
