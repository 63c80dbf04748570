/** How long a waiting request relies on notifications before it reads the ledger. */
import type { ApiContext } from '../../context.ts';

/**
 * Redis announces every end, and a gap in the subscription wakes all: this interval is for an end that was never
 * announced.
 */
const TOLD_MS = 300_000;
/** While Redis is away there are no announcements. */
const UNTOLD_MS = 2000;
/** However many requests wait, together they read no more often than this. */
const LOOKS_PER_SECOND = 50;

export function lookAgainMs({ finished, changes }: Pick<ApiContext, 'finished' | 'changes'>): number {
  if (finished.connected()) return TOLD_MS;
  return Math.max(UNTOLD_MS, ((finished.waiting() + changes.watching()) / LOOKS_PER_SECOND) * 1000);
}
