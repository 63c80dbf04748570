/** record: the attempt is recorded before the marker of the owed delivery is deleted or becomes `parked`. */
import { failpoint } from '@cardseal/core/failpoints';
import type { DeliveryRecord } from '@cardseal/core/ledger';
import { endpointEffect, type NextAttempt, nextAttempt, type SendResult } from '@cardseal/webhook';
import type { WorkerContext } from '../../context.ts';
import type { DeliveryRun } from '../support/delivery-run.ts';

/**
 * Whether the last response ended the delivery: after a crash between that record and the marker there is nothing to
 * send. `gone` does not end it before its endpoint is disabled, and only another response can do that.
 */
export function isOver({ last }: DeliveryRecord): boolean {
  return last !== null && last.nextAtMs === null && last.class !== 'gone';
}

export async function recordAttempt(
  { clock, random, ledger, log, metrics }: WorkerContext,
  before: DeliveryRecord,
  answer: SendResult,
): Promise<DeliveryRun> {
  const { ref } = before;
  const attempt = (before.last?.attempt ?? before.tries) + 1;
  const nowMs = clock.now();
  const next = nextOf(answer, attempt, nowMs, random());
  const latencyMs = Math.round(answer.latencyMs);
  const record = {
    atMs: nowMs,
    class: answer.class,
    status: answer.status ?? null,
    latencyMs,
    nextAtMs: next?.kind === 'retry' ? next.atMs : null,
    attempt,
    ...heldUntil(answer, nowMs),
    ...(answer.brokenBody && { brokenBody: answer.brokenBody }),
  };
  await failpoint('deliver.answered');
  await ledger.deliveries.records.record(before, record, answer.class === 'delivered' ? undefined : answer.answer);
  await failpoint('deliver.recorded');
  if (next?.kind === 'parked') await ledger.jobs.markers.park(ref);
  else if (next?.kind !== 'retry') await ledger.jobs.markers.settle(ref);
  await failpoint('deliver.settled');
  metrics.count('cardseal_deliveries_total', { class: answer.class });
  metrics.observe('cardseal_delivery_seconds', { class: answer.class }, answer.latencyMs / 1000);
  log.info('delivery.tried', {
    tenant: ref.tenant,
    job_id: ref.job,
    generation: ref.generation,
    endpoint_id: ref.endpoint,
    class: answer.class,
    attempt,
    latency_ms: latencyMs,
    ...(answer.status === undefined ? {} : { status: answer.status }),
  });
  if (next?.kind === 'retry') {
    return { kind: 'postpone', delayMs: Math.max(0, next.atMs - clock.now()), late: true, scheduled: true };
  }
  return next?.kind === 'exhausted' ? { kind: 'exhausted', class: answer.class } : { kind: 'done' };
}

/** null when it was delivered. */
function nextOf(answer: SendResult, attempt: number, nowMs: number, random: number): NextAttempt | null {
  if (answer.class === 'delivered') return null;
  const failure = { class: answer.class, retryAfterMs: answer.retryAfterMs };
  return nextAttempt({ triesMade: attempt, failure, nowMs, random });
}

/** Stored in the record, so that the hold can be restored after Redis lost it. */
function heldUntil(answer: SendResult, nowMs: number): { heldUntilMs?: number } {
  if (answer.class === 'delivered') return {};
  const effect = endpointEffect({ class: answer.class, retryAfterMs: answer.retryAfterMs }, nowMs);
  return effect.kind === 'hold' ? { heldUntilMs: effect.untilMs } : {};
}
