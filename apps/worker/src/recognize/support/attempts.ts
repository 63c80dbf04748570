/** The record of attempts: one line per HTTP request, with the provider's class, code and what it may have cost. */
import { CardsealError } from '@cardseal/base/errors';
import type { AttemptRecord, Side } from '@cardseal/core/job';
import type { Work } from './work.ts';

/** The list is in the queue, in the outcome and in webhooks: a job that probes for hours must not make it grow. */
const KEPT = 100;
const KEPT_FIRST = 10;

function note({ attempts }: Work, record: AttemptRecord): void {
  attempts.push(record);
  if (attempts.length > KEPT) attempts.splice(KEPT_FIRST, attempts.length - KEPT);
}

export function recordAccepted(work: Work, side: Side, sentAtMs: number, latencyMs: number): void {
  note(work, {
    side,
    at: new Date(sentAtMs).toISOString(),
    class: 'accepted',
    code: null,
    latency_ms: Math.round(latencyMs),
    billed: 'yes',
  });
}

export function recordRefused(work: Work, side: Side, sentAtMs: number, error: unknown): void {
  const fields = error instanceof CardsealError ? error.fields : {};
  note(work, {
    side,
    at: new Date(sentAtMs).toISOString(),
    class: String(fields.upstreamClass ?? 'defect'),
    code: error instanceof CardsealError ? error.code : 'internal_defect',
    latency_ms: typeof fields.latencyMs === 'number' ? Math.round(fields.latencyMs) : null,
    billed: (fields.billed as AttemptRecord['billed'] | undefined) ?? 'unknown',
  });
}
