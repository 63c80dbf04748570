/**
 * The way of an event to one endpoint: sign → send → record. Only the receiver's answers spend its tries; a fault of
 * ours (ledger, keys) waits and tries again without one.
 */
import { asCardsealError } from '@cardseal/core/errors';
import type { DeliveryRef } from '@cardseal/core/ledger';
import type { WorkerContext } from '../context.ts';
import { messageFor } from './message.ts';
import { recordTry } from './record.ts';
import { signMessage } from './sign.ts';

export type DeliveryRun =
  | { kind: 'done' }
  /** Every try is spent; the delivery stands as exhausted and can be sent again. */
  | { kind: 'exhausted'; class: string }
  | { kind: 'postpone'; delayMs: number };

export async function deliver(context: WorkerContext, ref: DeliveryRef, signal: AbortSignal): Promise<DeliveryRun> {
  const { clock, ledger, config, webhooks } = context;
  const [endpoint, before] = await Promise.all([
    ledger.endpoints.get(ref.tenant, ref.endpoint),
    ledger.deliveries.read(ref),
  ]);
  const sealed = await ledger.openJob(ref.tenant, ref.job);
  const outcome = await sealed?.outcome(ref.generation);
  const gone = !endpoint || endpoint.value.state === 'deleted' || !sealed || !outcome;
  if (gone || before.last?.class === 'delivered') {
    await ledger.markers.settle(ref);
    return { kind: 'done' };
  }
  const dueMs = before.last?.nextAtMs ?? 0;
  if (dueMs > clock.now()) return { kind: 'postpone', delayMs: dueMs - clock.now() };

  const body = await messageFor(sealed, outcome, ref, endpoint.value);
  const headers = signMessage(endpoint.value, outcome.eventId, body, clock.now());
  const { url } = endpoint.value;
  const answer = await webhooks.send({ url, headers, body, deadlineMs: config.WEBHOOK_DEADLINE_MS, signal });
  const nextAtMs = await recordTry(context, ref, before, answer);
  if (answer.class === 'delivered') return { kind: 'done' };
  if (nextAtMs === null) return { kind: 'exhausted', class: answer.class };
  return { kind: 'postpone', delayMs: Math.max(0, nextAtMs - clock.now()) };
}

/** How long a fault of ours waits before the delivery is looked at again. */
export function ownFaultDelayMs(error: unknown): number {
  return asCardsealError(error).disposition === 'transient' ? 5000 : 60_000;
}
