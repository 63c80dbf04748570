/**
 * Erases a job: the API on request, the worker when the retention time has passed or when it finds an interrupted
 * erasure. The marker is written first, so that a worker finds what a crash at any point leaves behind.
 */
import type { Clock } from '@cardseal/base/clock';
import { asCardsealError, RejectedError, TransientError } from '@cardseal/base/errors';
import { failpoint } from '../failpoints/index.ts';
import type { JobId, JobRequest } from '../job/index.ts';
import { createdAtMs } from '../job/index.ts';
import {
  type DeliveryRef,
  ERASURE_GENERATION,
  type ErasureRecord,
  type Ledger,
  type Tombstone,
} from '../ledger/index.ts';
import { deliverJobId, type JobQueue, recognizeJobId } from '../queue/index.ts';
import { sendNotice } from './notify.ts';

export interface Eraser {
  ledger: Ledger;
  jobQueue: JobQueue;
  clock: Clock;
}

/** After this time one more sweep finds a write that was in flight during the deletion. */
const SECOND_LOOK_MS = 60 * 60_000;

/**
 * The tombstone is written: every reader sees the job as erased, and no key or object of it is used again. Something
 * could not be deleted yet. The marker and a due name make the workers retry until everything is deleted.
 */
export class ErasureIncomplete extends TransientError {
  readonly tombstone: Tombstone;

  constructor(tombstone: Tombstone, cause: unknown) {
    super('erasure_incomplete', { cause });
    this.tombstone = tombstone;
  }
}

/**
 * Idempotent. A job whose request or key is lost can be erased too. Throws RejectedError `job_not_found`, and
 * ErasureIncomplete when something could not be deleted after the tombstone was written.
 */
export async function eraseJob(
  eraser: Eraser,
  tenant: string,
  job: JobId,
  reason: Tombstone['reason'],
): Promise<Tombstone> {
  const { ledger } = eraser;
  const inventory = await ledger.jobs.inventory(tenant, job);
  const standing = inventory.erased ? await ledger.jobs.erasures.tombstone(tenant, job) : null;
  if (!standing && !inventory.committed && !inventory.requestLost) throw new RejectedError('job_not_found');
  if (standing && (await ledger.jobs.erasures.readRecord(tenant, job))) return standing;
  await ledger.jobs.markers.openGeneration(tenant, job, ERASURE_GENERATION, null);
  await failpoint('erase.marked');
  const tombstone = standing ?? (await declare(eraser, tenant, job, { reason, generation: inventory.generation }));
  await failpoint('erase.declared');
  await completeErasure(eraser, tenant, job, tombstone).catch(async (error) => {
    // The sweep of due names runs more often than the reconciler. Without the name the marker still leads to the rest.
    if (!standing) await ledger.jobs.schedule.at(eraser.clock.now(), { tenant, job, what: 'erased' }).catch(() => {});
    throw error;
  });
  return tombstone;
}

/** `finishErasure` for callers that report to a person. Throws ErasureIncomplete for every failure. */
export async function completeErasure(
  eraser: Eraser,
  tenant: string,
  job: JobId,
  tombstone: Tombstone,
): Promise<ErasureRecord> {
  try {
    return await finishErasure(eraser, tenant, job, tombstone);
  } catch (error) {
    throw new ErasureIncomplete(tombstone, error);
  }
}

/**
 * Afterwards the request is gone. The endpoints that its owner chose are therefore kept with the tombstone, and the
 * uploads of its images are deleted before, so that nothing of them is left where a tombstone exists.
 */
async function declare(
  { ledger, clock }: Eraser,
  tenant: string,
  job: JobId,
  { reason, generation }: Pick<Tombstone, 'reason' | 'generation'>,
): Promise<Tombstone> {
  const request = await requestIfItOpens(ledger, tenant, job);
  for (const upload of request?.uploads ?? []) await ledger.intake.uploads.drop(tenant, upload);
  return ledger.jobs.erasures.declare(tenant, job, {
    v: 1,
    reason,
    generation,
    createdAtMs: createdAtMs(job),
    erasedAtMs: clock.now(),
    endpointIds: request?.endpointIds ?? null,
  });
}

/** A job that does not open can be erased. Then every subscribed endpoint gets the event. */
async function requestIfItOpens(ledger: Ledger, tenant: string, job: JobId): Promise<JobRequest | null> {
  try {
    return (await (await ledger.jobs.open(tenant, job))?.request()) ?? null;
  } catch (error) {
    if (asCardsealError(error).disposition !== 'defect') throw error;
    return null;
  }
}

/** All steps after the tombstone. Idempotent, and safe to run concurrently. */
export async function finishErasure(
  { ledger, jobQueue, clock }: Eraser,
  tenant: string,
  job: JobId,
  tombstone: Tombstone,
): Promise<ErasureRecord> {
  const told = await ledger.deliveries.records.refsOf(tenant, job);
  const removed = await removeAll(ledger, tenant, job, tombstone);
  await failpoint('erase.removed');
  await removeFromQueue(jobQueue, job, tombstone.generation, told);
  const earlier = await ledger.jobs.erasures.readRecord(tenant, job);
  if (!earlier) await announceErasure({ ledger, jobQueue }, tenant, job, tombstone);
  await failpoint('erase.told');
  await ledger.jobs.schedule.at(clock.now() + SECOND_LOOK_MS, { tenant, job, what: 'erased' });
  const record =
    earlier ?? (await ledger.jobs.erasures.record(tenant, job, { v: 1, completedAtMs: clock.now(), removed }));
  await ledger.jobs.markers.closeGeneration(tenant, job, ERASURE_GENERATION, null);
  return record;
}

/** The job's objects, and its parked deliveries at disabled endpoints. Idempotent. */
export async function removeAll(ledger: Ledger, tenant: string, job: JobId, { reason }: Tombstone) {
  return ledger.jobs.erasures.remove(tenant, job, reason, await mayHaveParked(ledger, tenant));
}

/**
 * Endpoints at which deliveries may be parked: all of them if a record cannot be read, which must not stop an erasure.
 */
async function mayHaveParked({ tenants: { endpoints } }: Ledger, tenant: string): Promise<string[]> {
  try {
    const records = await endpoints.list(tenant);
    return records.filter(({ value }) => value.state !== 'enabled').map(({ id }) => id);
  } catch {
    return endpoints.ids(tenant);
  }
}

/** A job that a worker has active is locked and stays; the worker finds the tombstone in its next step. */
async function removeFromQueue(
  jobQueue: JobQueue,
  job: JobId,
  last: number,
  told: readonly DeliveryRef[],
): Promise<void> {
  try {
    const { recognize, deliver } = jobQueue.queues();
    for (const ref of told) await deliver.remove(deliverJobId(ref)).catch(() => {});
    for (let generation = 1; generation <= last; generation++) {
      await recognize.remove(recognizeJobId(job, generation)).catch(() => {});
    }
  } catch {
    // Redis is away. Its entries contain ids only, and a worker that gets one finds the tombstone.
  }
}

async function announceErasure(
  { ledger, jobQueue }: Pick<Eraser, 'ledger' | 'jobQueue'>,
  tenant: string,
  job: JobId,
  { generation, reason, createdAtMs, erasedAtMs, endpointIds }: Tombstone,
): Promise<void> {
  const iso = (ms: number) => new Date(ms).toISOString();
  const times = { created_at: iso(createdAtMs), erased_at: iso(erasedAtMs) };
  const data = { id: job, generation, state: 'erased', reason, ...times };
  const subject = { tenant, type: 'job.erased', subject: job, generation } as const;
  await sendNotice({ ledger, jobQueue }, { ...subject, atMs: erasedAtMs, data, endpointIds });
  await jobQueue.announceFinished(job).catch(() => {});
}
