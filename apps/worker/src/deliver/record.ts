/** record: the try goes on record before the marker that says it is owed goes away. */
import type { DeliveryRecord, DeliveryRef } from '@cardseal/core/ledger';
import { nextTry, type SendResult } from '@cardseal/core/webhook';
import type { WorkerContext } from '../context.ts';

/** When the next try is due; null when there will be none. */
export async function recordTry(
  { clock, random, ledger, log }: WorkerContext,
  ref: DeliveryRef,
  before: DeliveryRecord,
  answer: SendResult,
): Promise<number | null> {
  const attempt = before.tries + 1;
  const nowMs = clock.now();
  const nextAtMs = answer.class === 'delivered' ? null : dueAt(answer, attempt, nowMs, random());
  await ledger.deliveries.record(ref, attempt, {
    atMs: nowMs,
    class: answer.class,
    status: answer.status ?? null,
    latencyMs: Math.round(answer.latencyMs),
    nextAtMs,
  });
  if (nextAtMs === null) await ledger.markers.settle(ref);
  log.info('delivery.tried', {
    tenant: ref.tenant,
    job_id: ref.job,
    generation: ref.generation,
    endpoint_id: ref.endpoint,
    class: answer.class,
    attempt,
    latency_ms: Math.round(answer.latencyMs),
    ...(answer.status === undefined ? {} : { status: answer.status }),
  });
  return nextAtMs;
}

function dueAt(answer: SendResult, attempt: number, nowMs: number, random: number): number | null {
  if (answer.class === 'delivered') return null;
  const failure = { class: answer.class, retryAfterMs: answer.retryAfterMs };
  const next = nextTry({ triesMade: attempt, failure, nowMs, random });
  return next.kind === 'retry' ? next.atMs : null;
}
