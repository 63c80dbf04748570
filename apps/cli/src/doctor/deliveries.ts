/** Owed deliveries against the deliver queue and the lanes, both ways. */
import { type DeliveryRef, isNoticeId } from '@cardseal/core/ledger';
import { deliverJobId, RECOVER, requeue } from '@cardseal/core/queue';
import type { Examination, Findings } from './examine.ts';
import { queued, stillQueued } from './queued.ts';

/** Whoever waits in a lane's line looks again by itself within this. */
const DUE_SINCE_MS = 60_000;

export async function examineDeliveries(examination: Examination, findings: Findings): Promise<void> {
  const { ledger, conveyor, fix } = examination;
  for await (const ref of ledger.markers.undelivered()) {
    findings.undelivered++;
    const id = deliverJobId(ref);
    if (await owesNothing(examination, ref)) {
      if (!(await ledger.markers.isOwed(ref))) continue;
      findings.orphan_markers.push(id);
      if (fix) await ledger.markers.settle(ref);
      continue;
    }
    const state = await conveyor.queues().deliver.getJobState(id);
    if (state === 'delayed' && (await isStuck(examination, ref))) {
      findings.stuck_deliveries.push(id);
      if (fix) await requeue(conveyor, ref);
    }
    if (state !== 'unknown' || !(await ledger.markers.isOwed(ref))) continue;
    findings.missing_deliveries.push(id);
    if (fix) await conveyor.addDeliveries([{ ref }]);
  }
}

/** Delivered, or of what is gone. A worker would find the same and settle it. */
async function owesNothing({ ledger }: Examination, ref: DeliveryRef): Promise<boolean> {
  const endpoint = await ledger.endpoints.get(ref.tenant, ref.endpoint);
  if (!endpoint || endpoint.value.state === 'deleted') return true;
  const { last } = await ledger.deliveries.read(ref);
  if (last?.class === 'delivered') return true;
  if (isNoticeId(ref.job)) return (await ledger.notices.get(ref.tenant, ref.job)) === null;
  const { erased, decided } = await ledger.inventory(ref.tenant, ref.job);
  return erased || !decided.includes(ref.generation);
}

/** It sleeps for its lane, and the lane knows nothing of it. */
async function isStuck({ ledger, lanes, conveyor, clock }: Examination, ref: DeliveryRef): Promise<boolean> {
  const { last } = await ledger.deliveries.read(ref);
  const nowMs = clock.now();
  if (last?.nextAtMs && last.nextAtMs > nowMs - DUE_SINCE_MS) return false;
  const lane = await lanes.read(ref);
  if (Math.max(lane.heldUntilMs ?? 0, lane.pausedUntilMs ?? 0) > nowMs) return false;
  const job = await conveyor.queues().deliver.getJob(deliverJobId(ref));
  if (!job || job.timestamp > nowMs - DUE_SINCE_MS) return false;
  return !(await lanes.stillWaits(ref, deliverJobId(ref)));
}

export async function examineQueuedDeliveries(
  { ledger, conveyor, fix }: Examination,
  findings: Findings,
): Promise<void> {
  for await (const job of queued(conveyor.queues().deliver)) {
    if (job.name === RECOVER || (await ledger.markers.isOwed(job.data)) || !(await stillQueued(job))) continue;
    findings.stale_deliveries.push(job.id!);
    if (fix) await job.remove().catch(() => {});
  }
}
