/**
 * Compares pending deliveries and recoveries with the deliver queue and the endpoint limits, in both directions, and opens
 * the events that they send.
 */
import { type DeliveryRef, isNoticeId, type RecoveryRef } from '@cardseal/core/ledger';
import { addRecovery, deliverJobId, RECOVER, requeue } from '@cardseal/core/queue';
import { chunked, noteDefect, noteMissing } from './notes.ts';
import { queued, stillQueued } from './queued-jobs.ts';
import type { DoctorContext, DoctorReport } from './report.ts';

/** A delivery that waits for its endpoint's limit checks the limit again within this time. */
const DUE_SINCE_MS = 60_000;

export async function examineDeliveries(context: DoctorContext, report: DoctorReport): Promise<void> {
  const { ledger } = context;
  await chunked(ledger.jobs.markers.undelivered(), async (ref) => {
    report.undelivered++;
    await noteDefect(report, deliverJobId(ref), () => examineDelivery(context, ref, report));
  });
  for await (const recovery of ledger.deliveries.recoveries.open()) await examineRecovery(context, recovery, report);
}

async function examineDelivery(context: DoctorContext, ref: DeliveryRef, report: DoctorReport): Promise<void> {
  const { ledger, jobQueue, fix } = context;
  const id = deliverJobId(ref);
  if (await owesNothing(context, ref)) {
    if (!(await ledger.jobs.markers.isOwed(ref))) return;
    report.orphan_markers.push(id);
    if (fix) await ledger.jobs.markers.settle(ref);
    return;
  }
  const state = await jobQueue.queues().deliver.getJobState(id);
  if (state === 'delayed' && (await isStuck(context, ref))) {
    report.stuck_deliveries.push(id);
    if (fix) await requeue(jobQueue, ref);
  }
  if (state === 'unknown' && (await ledger.jobs.markers.isOwed(ref))) {
    report.missing_deliveries.push(id);
    // An earlier attempt may exist: `repeated` makes the worker read the record and wait for the next due time.
    if (fix) await jobQueue.addDeliveries([{ ref, repeated: true }]);
  }
  await openEvent(context, ref, report);
}

/** True when it is delivered or erased, or its endpoint's record says `deleted`. A worker would settle it too. */
async function owesNothing({ ledger }: DoctorContext, ref: DeliveryRef): Promise<boolean> {
  const endpoint = await ledger.tenants.endpoints.get(ref.tenant, ref.endpoint);
  if (endpoint?.value.state === 'deleted') return true;
  const { last } = await ledger.deliveries.records.read(ref);
  if (last?.class === 'delivered') return true;
  return !isNoticeId(ref.job) && (await ledger.jobs.erasures.tombstone(ref.tenant, ref.job)) !== null;
}

/** Notes missing objects that the delivery needs. Throws DefectError for an object that does not open. */
async function openEvent({ ledger }: DoctorContext, ref: DeliveryRef, report: DoctorReport): Promise<void> {
  const { tenant, job, generation, endpoint } = ref;
  const record = await ledger.tenants.endpoints.get(tenant, endpoint);
  const lacks: string[] = record ? [] : [`endpoints/${tenant}/${endpoint}/`];
  if (isNoticeId(job)) {
    if (!(await ledger.deliveries.notices.get(tenant, job))) lacks.push(`notices/${tenant}/${job}`);
  } else {
    const opened = await ledger.jobs.openOutcome(tenant, job, generation);
    if (opened && record?.value.payload === 'encrypted') await opened.sealed.event(generation, endpoint);
    const isErased = opened === null && (await ledger.jobs.erasures.tombstone(tenant, job)) !== null;
    if (!opened && !isErased) lacks.push(`jobs/${tenant}/${job}/outcome.${generation}`);
  }
  // A delivery that was settled since needs none of them.
  if (lacks.length > 0 && (await ledger.jobs.markers.isOwed(ref))) for (const name of lacks) noteMissing(report, name);
}

async function examineRecovery(context: DoctorContext, ref: RecoveryRef, report: DoctorReport): Promise<void> {
  const { ledger, jobQueue, fix } = context;
  const id = `${RECOVER}-${ref.id}`;
  await noteDefect(report, id, async () => {
    const state = await jobQueue.queues().deliver.getJobState(id);
    if (!(await ledger.deliveries.recoveries.read(ref))) return;
    const endpoint = await ledger.tenants.endpoints.get(ref.tenant, ref.endpoint);
    if (!endpoint) noteMissing(report, `endpoints/${ref.tenant}/${ref.endpoint}/`);
    if (state !== 'unknown') return;
    report.missing_deliveries.push(id);
    if (fix) await addRecovery(jobQueue, ref);
  });
}

/** True when the delivery waits for its endpoint's limit, but the limit has no entry that would promote it. */
async function isStuck({ ledger, endpointLimits, jobQueue, clock }: DoctorContext, ref: DeliveryRef): Promise<boolean> {
  const { last } = await ledger.deliveries.records.read(ref);
  const nowMs = clock.now();
  if (last?.nextAtMs && last.nextAtMs > nowMs - DUE_SINCE_MS) return false;
  const limit = await endpointLimits.read(ref);
  if (Math.max(limit.heldUntilMs ?? 0, limit.pausedUntilMs ?? 0) > nowMs) return false;
  const job = await jobQueue.queues().deliver.getJob(deliverJobId(ref));
  if (!job || job.timestamp > nowMs - DUE_SINCE_MS) return false;
  return !(await endpointLimits.stillWaits(ref, deliverJobId(ref)));
}

export async function examineQueuedDeliveries(
  { ledger, jobQueue, fix }: DoctorContext,
  report: DoctorReport,
): Promise<void> {
  for await (const job of queued(jobQueue.queues().deliver)) {
    const needed =
      job.name === RECOVER
        ? (await ledger.deliveries.recoveries.read(job.data as unknown as RecoveryRef)) !== null
        : await ledger.jobs.markers.isOwed(job.data);
    if (needed || !(await stillQueued(job))) continue;
    report.stale_deliveries.push(job.id!);
    if (fix) await job.remove().catch(() => {});
  }
}
