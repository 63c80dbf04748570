/** How long a waiter trusts in being told before it looks into the ledger by itself. */
import type { ApiContext } from '../../context.ts';

/** What was announced is heard, and a gap in hearing wakes all: this is for what was never announced. */
const TOLD_MS = 300_000;
/** While Redis is away nothing is announced. */
const UNTOLD_MS = 2000;
/** But however many wait, together they look no more often than this. */
const LOOKS_PER_SECOND = 50;

export function lookAgainMs({ finished, changes }: Pick<ApiContext, 'finished' | 'changes'>): number {
  if (finished.connected()) return TOLD_MS;
  return Math.max(UNTOLD_MS, ((finished.waiting() + changes.watching()) / LOOKS_PER_SECOND) * 1000);
}
