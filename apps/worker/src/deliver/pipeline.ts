/**
 * Delivers an event to one endpoint: admit → open → sign → send → record → adapt. Only responses of the receiver spend
 * attempts. After a fault on Cardseal's side (ledger, keys) the delivery waits and runs again without spending one.
 */
import { asCardsealError } from '@cardseal/base/errors';
import { backoffMs, faultBackoff } from '@cardseal/core/backoff';
import { type DeliveryRecord, type DeliveryRef, type EndpointRecord, endpointMissing } from '@cardseal/core/ledger';
import { type DeliverJob, deliverJobId, resolvedWithin } from '@cardseal/core/queue';
import { currentTraceparent, inSpan, markFailed, withParent } from '@cardseal/core/trace';
import { resendDelivery } from '@cardseal/core/use-cases';
import type { SendResult } from '@cardseal/webhook';
import type { WorkerContext } from '../context.ts';
import { adapt } from './steps/adapt.ts';
import { type Admitted, admit } from './steps/admit.ts';
import { type FrozenEvent, openEvent } from './steps/open.ts';
import { isOver, recordAttempt } from './steps/record.ts';
import { signMessage } from './steps/sign.ts';
import type { DeliveryRun } from './support/delivery-run.ts';
import type { DeliveryRuntime } from './support/delivery-runtime.ts';
import { endpointOutcome } from './support/endpoint-outcome.ts';

const DONE: DeliveryRun = { kind: 'done' };

export async function deliver(
  context: WorkerContext,
  runtime: DeliveryRuntime,
  job: DeliverJob,
  { firstStart, signal }: { firstStart: boolean; signal: AbortSignal },
): Promise<DeliveryRun> {
  const { ledger, clock } = context;
  const { late = false, repeated = false, faults: _faults, ...ref } = job;
  const endpoint = await currentEndpoint(context, ref);
  if (!endpoint) return withoutEndpoint(context, runtime, ref);
  if (endpoint.value.state !== 'enabled') return setAside(context, runtime, ref, endpoint.value);
  const admission = await admit(context, runtime, ref, endpoint.value, late);
  if (admission.kind === 'until') {
    return { kind: 'postpone', delayMs: Math.max(1, admission.atMs - clock.now()), late };
  }
  if (admission.kind === 'wait') return admission;
  let answer: SendResult | undefined;
  try {
    // Only a delivery that had an attempt, was started before, or is announced again can have a record. For all others
    // the read is skipped.
    const before = late || repeated || !firstStart ? await ledger.deliveries.records.read(ref) : untried(ref);
    const dueMs = before.last?.nextAtMs ?? 0;
    if (dueMs > clock.now()) return { kind: 'postpone', delayMs: dueMs - clock.now(), late: true, scheduled: true };
    const event = isOver(before) ? null : await openEvent(context, ref, endpoint.value);
    if (!event) {
      await ledger.jobs.markers.settle(ref);
      return DONE;
    }
    return await inTrace(event, ref, async (traceparent) => {
      const headers = { ...signMessage(endpoint.value, event.id, event.body, clock.now()), ...traceparent };
      answer = await send(context, ref.tenant, endpoint.value, headers, event.body, signal);
      if (answer.class !== 'delivered') markFailed(answer.class);
      await holdLane(context, runtime, ref, answer);
      return recordAttempt(context, before, answer);
    });
  } finally {
    await leave(context, runtime, ref, endpoint.value, admission, answer);
  }
}

/**
 * Apply the hold before recording the attempt. If the worker crashes after recording, the delivery sleeps until its
 * due time, and nothing else would close the endpoint. Without Redis the reconciler restores the hold from the record.
 */
async function holdLane({ clock }: WorkerContext, runtime: DeliveryRuntime, ref: DeliveryRef, answer: SendResult) {
  const { heldUntilMs } = endpointOutcome(answer, clock.now());
  if (heldUntilMs > 0) await resolvedWithin(runtime.endpointLimits.hold(ref, heldUntilMs)).catch(() => {});
}

/** A notice has no trace, and starts none at its receivers. */
function inTrace<T>(
  { trace }: FrozenEvent,
  { job, generation, endpoint }: DeliveryRef,
  work: (header: Record<string, string>) => Promise<T>,
): Promise<T> {
  const headed = () => {
    const traceparent = trace && currentTraceparent();
    return work(traceparent ? { traceparent } : {});
  };
  return withParent(trace, () => inSpan('deliver', { job, generation, endpoint }, headed));
}

function untried(ref: DeliveryRef): DeliveryRecord {
  return { ref, tries: 0, entries: 0, last: null };
}

/**
 * Reads the ledger and not the cache before it parks a delivery: the endpoint may have been enabled within the last
 * second.
 */
async function currentEndpoint({ endpoints }: WorkerContext, { tenant, endpoint }: DeliveryRef) {
  const known = await endpoints.get(tenant, endpoint);
  if (known?.value.state === 'enabled') return known;
  endpoints.forget(tenant, endpoint);
  return endpoints.get(tenant, endpoint);
}

async function send(
  { webhooks, tenants, config }: WorkerContext,
  tenant: string,
  { url }: EndpointRecord,
  headers: Record<string, string>,
  body: Buffer,
  signal: AbortSignal,
): Promise<SendResult> {
  const targets = (await tenants.get(tenant))?.webhookTargets;
  return webhooks.send({ url, targets, headers, body, deadlineMs: config.WEBHOOK_DEADLINE_MS, signal });
}

/**
 * Parks the delivery of a disabled endpoint and settles that of a deleted one. In both cases the endpoint's next
 * delivery may run.
 */
async function setAside(
  { ledger, jobQueue, clock }: WorkerContext,
  runtime: DeliveryRuntime,
  ref: DeliveryRef,
  endpoint: EndpointRecord,
): Promise<DeliveryRun> {
  if (endpoint.state === 'disabled') {
    await ledger.jobs.markers.park(ref);
    // The endpoint was enabled while this was parked: the scan of parked deliveries may have passed it already.
    const now = await ledger.tenants.endpoints.get(ref.tenant, ref.endpoint);
    if (now?.value.state === 'enabled') await resendDelivery({ ledger, jobQueue, clock }, ref);
  } else await ledger.jobs.markers.settle(ref);
  await releaseUnused(runtime, ref, clock.now());
  return DONE;
}

/**
 * The store has no record of the endpoint. A deletion leaves one, so this is a fault of the store: the delivery stays
 * pending. Throws DefectError `endpoint_record_missing`, unless the delivery is no longer pending.
 */
async function withoutEndpoint(
  { ledger, clock }: WorkerContext,
  runtime: DeliveryRuntime,
  ref: DeliveryRef,
): Promise<DeliveryRun> {
  await releaseUnused(runtime, ref, clock.now());
  if (await ledger.jobs.markers.isOwed(ref)) throw endpointMissing(ref);
  return DONE;
}

/** Gives back a slot that this delivery may still hold from an earlier run, so that the next one may run. */
async function releaseUnused(runtime: DeliveryRuntime, ref: DeliveryRef, nowMs: number): Promise<void> {
  await runtime.release(ref, { id: deliverJobId(ref), outcome: 'none', late: false, rate: null, nowMs });
}

/** Gives the slot back, promotes the next delivery, and updates the endpoint's health from the response. */
async function leave(
  context: WorkerContext,
  runtime: DeliveryRuntime,
  ref: DeliveryRef,
  endpoint: EndpointRecord,
  { late, rate }: Admitted,
  answer: SendResult | undefined,
): Promise<void> {
  const nowMs = context.clock.now();
  if (late) runtime.lateAttemptEnded();
  const { outcome, heldUntilMs } = endpointOutcome(answer, nowMs);
  const input = { id: deliverJobId(ref), outcome, heldUntilMs, late, rate, nowMs };
  const state = await runtime.release(ref, input);
  if (answer && state) await adapt(context, ref, endpoint, answer, state);
}

/**
 * How long a delivery waits after a fault on Cardseal's side. An outage is over soon. A defect needs an operator, so
 * its delay grows.
 * @param faults the number of consecutive runs that such a fault stopped, this one included.
 */
export function ownFaultDelayMs(error: unknown, faults: number, random: number): number {
  if (['transient', 'throttled'].includes(asCardsealError(error).disposition)) return 5000;
  return backoffMs(faults, random, faultBackoff);
}
