/**
 * admit: a slot within the endpoint's concurrency limit, and a late slot for late deliveries; or how long to wait for
 * them.
 */
import type { DeliveryRef, EndpointRecord } from '@cardseal/core/ledger';
import { deliverJobId } from '@cardseal/core/queue';
import type { WorkerContext } from '../../context.ts';
import type { DeliveryRuntime } from '../support/delivery-runtime.ts';

export interface Admitted {
  kind: 'go';
  late: boolean;
  rate: number | null;
}

export type AdmitResult = Admitted | { kind: 'until'; atMs: number } | { kind: 'wait'; place: number };

export async function admit(
  { clock }: WorkerContext,
  runtime: DeliveryRuntime,
  ref: DeliveryRef,
  endpoint: EndpointRecord,
  late: boolean,
): Promise<AdmitResult> {
  const rate = endpoint.maxRate ?? null;
  const input = { id: deliverJobId(ref), late, lateRoom: runtime.lateRoom(), rate, nowMs: clock.now() };
  const admission = await runtime.endpointLimits.acquire(ref, input);
  await runtime.wake(admission.wake);
  if (admission.verdict === 'until') return { kind: 'until', atMs: admission.atMs };
  if (admission.verdict === 'wait') return { kind: 'wait', place: admission.place };
  if (admission.late) runtime.lateAttemptStarted();
  return { kind: 'go', late: admission.late, rate };
}
