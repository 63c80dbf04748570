/** Owed deliveries and recoveries against the deliver queue and the endpoint limits, both ways. What they send is opened. */
import { type DeliveryRef, isNoticeId, type RecoveryRef } from '@cardseal/core/ledger';
import { addRecovery, deliverJobId, RECOVER, requeue } from '@cardseal/core/queue';
import { chunked, noteDefect, noteMissing } from './broken.ts';
import type { Examination, Findings } from './examination.ts';
import { queued, stillQueued } from './queued.ts';

/** A delivery that waits for its endpoint's limit checks the limit again within this time. */
const DUE_SINCE_MS = 60_000;

export async function examineDeliveries(examination: Examination, findings: Findings): Promise<void> {
  const { ledger } = examination;
  await chunked(ledger.jobs.markers.undelivered(), async (ref) => {
    findings.undelivered++;
    await noteDefect(findings, deliverJobId(ref), () => examineDelivery(examination, ref, findings));
  });
  for await (const recovery of ledger.deliveries.recoveries.open())
    await examineRecovery(examination, recovery, findings);
}

async function examineDelivery(examination: Examination, ref: DeliveryRef, findings: Findings): Promise<void> {
  const { ledger, jobQueue, fix } = examination;
  const id = deliverJobId(ref);
  if (await owesNothing(examination, ref)) {
    if (!(await ledger.jobs.markers.isOwed(ref))) return;
    findings.orphan_markers.push(id);
    if (fix) await ledger.jobs.markers.settle(ref);
    return;
  }
  const state = await jobQueue.queues().deliver.getJobState(id);
  if (state === 'delayed' && (await isStuck(examination, ref))) {
    findings.stuck_deliveries.push(id);
    if (fix) await requeue(jobQueue, ref);
  }
  if (state === 'unknown' && (await ledger.jobs.markers.isOwed(ref))) {
    findings.missing_deliveries.push(id);
    // It may have been tried: the worker reads its record, and waits until its next attempt is due.
    if (fix) await jobQueue.addDeliveries([{ ref, repeated: true }]);
  }
  await openEvent(examination, ref, findings);
}

/** Delivered, erased, or for an endpoint whose record says that it is deleted. A worker would settle it, too. */
async function owesNothing({ ledger }: Examination, ref: DeliveryRef): Promise<boolean> {
  const endpoint = await ledger.tenants.endpoints.get(ref.tenant, ref.endpoint);
  if (endpoint?.value.state === 'deleted') return true;
  const { last } = await ledger.deliveries.records.read(ref);
  if (last?.class === 'delivered') return true;
  return !isNoticeId(ref.job) && (await ledger.jobs.erasures.tombstone(ref.tenant, ref.job)) !== null;
}

/** Notes what the delivery needs and the store does not have. Throws DefectError for what does not open. */
async function openEvent({ ledger }: Examination, ref: DeliveryRef, findings: Findings): Promise<void> {
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
  // Settled meanwhile, it needs nothing any more.
  if (lacks.length > 0 && (await ledger.jobs.markers.isOwed(ref)))
    for (const name of lacks) noteMissing(findings, name);
}

async function examineRecovery(examination: Examination, ref: RecoveryRef, findings: Findings): Promise<void> {
  const { ledger, jobQueue, fix } = examination;
  const id = `${RECOVER}-${ref.id}`;
  await noteDefect(findings, id, async () => {
    const state = await jobQueue.queues().deliver.getJobState(id);
    if (!(await ledger.deliveries.recoveries.read(ref))) return;
    const endpoint = await ledger.tenants.endpoints.get(ref.tenant, ref.endpoint);
    if (!endpoint) noteMissing(findings, `endpoints/${ref.tenant}/${ref.endpoint}/`);
    if (state !== 'unknown') return;
    findings.missing_deliveries.push(id);
    if (fix) await addRecovery(jobQueue, ref);
  });
}

/** The delivery waits for its endpoint's limit, but the limit has no entry that would wake it. */
async function isStuck({ ledger, endpointLimits, jobQueue, clock }: Examination, ref: DeliveryRef): Promise<boolean> {
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
  { ledger, jobQueue, fix }: Examination,
  findings: Findings,
): Promise<void> {
  for await (const job of queued(jobQueue.queues().deliver)) {
    const needed =
      job.name === RECOVER
        ? (await ledger.deliveries.recoveries.read(job.data as unknown as RecoveryRef)) !== null
        : await ledger.jobs.markers.isOwed(job.data);
    if (needed || !(await stillQueued(job))) continue;
    findings.stale_deliveries.push(job.id!);
    if (fix) await job.remove().catch(() => {});
  }
}
