/**
 * Creates a job for every line of a batch. It may be interrupted and repeated at any point, because the ids follow
 * from batch and line.
 */
import { DefectError, RejectedError } from '@cardseal/base/errors';
import { type JobId, type JobRequest, SIDES } from '@cardseal/core/job';
import { type BatchHead, type BatchId, type BatchLine, type BatchRound, lineJobId } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import { inSpan, withParent } from '@cardseal/core/trace';
import { cancelJob, submitLine } from '@cardseal/core/use-cases';
import { type ApiContext, cancelParts } from '../../context.ts';
import { Problem } from '../../http/problems/index.ts';
import { newJobOf } from '../../pipeline/store.ts';
import { fromRequest, resolveSource, uploadsOf } from '../../pipeline/submit/index.ts';
import type { JobRequestBody } from '../../pipeline/submit/request-schema.ts';

/** Lines that are written at once. */
const LINES_AT_ONCE = 16;

/** @param fresh no other process can have begun. Returns false when it was stopped, or when the batch is cancelled. */
export async function expandBatch(
  context: ApiContext,
  { tenant, id }: Pick<BatchRound, 'tenant' | 'id'>,
  head: BatchHead,
  { fresh, stopped }: { fresh: boolean; stopped: () => boolean },
): Promise<boolean> {
  const { batches } = context.ledger.intake;
  for (let at = 0; at < head.chunks; at++) {
    const lines = await batches.chunk<JobRequestBody>(tenant, id, head, at);
    const { expanded, cancelAsked, end } = await batches.status(tenant, id);
    // Another process was faster: it deleted the lines when every one had its job.
    if (expanded) return true;
    if (stopped() || cancelAsked || end) return false;
    if (!lines) throw new DefectError('batch_lines_missing', { fields: { batch: id, chunk: at } });
    for (let from = 0; from < lines.length; from += LINES_AT_ONCE) {
      const some = lines.slice(from, from + LINES_AT_ONCE);
      const made = await Promise.all(some.map((line) => storeLine(context, tenant, id, head, line, fresh)));
      const goesOn = await settleGroup(
        context,
        tenant,
        id,
        made.filter((request) => request !== null),
      );
      if (!goesOn || stopped()) return false;
    }
  }
  await batches.setExpanded(tenant, id);
  return true;
}

/**
 * Reads the status after the writes. Race: a cancellation writes its mark, then reads the jobs; the expansion writes
 * jobs, then reads the mark. At least one of the two sees the other, however long a process pauses between its steps.
 */
async function settleGroup(
  context: ApiContext,
  tenant: string,
  id: BatchId,
  made: readonly JobRequest[],
): Promise<boolean> {
  const { cancelAsked, end } = await context.ledger.intake.batches.status(tenant, id);
  const over = cancelAsked || end !== null;
  if (over) for (const { job } of made) await cancelJob(cancelParts(context), tenant, job).catch(gone);
  // The worker that gets a cancelled job announces its outcome.
  await putOnWay(context, made);
  return !over;
}

/** null when the job existed, or is erased. */
async function storeLine(
  context: ApiContext,
  tenant: string,
  id: BatchId,
  head: BatchHead,
  { line, request }: BatchLine<JobRequestBody>,
  fresh: boolean,
): Promise<JobRequest | null> {
  const { pictures, pointers, terms } = fromRequest(request);
  const sources: NonNullable<JobRequest['sources']> = {};
  for (const side of SIDES) {
    const pointer = pointers[side];
    if (pointer === undefined) continue;
    if ('object' in pointer) sources[side] = pointer.object;
    else {
      const bytes = await resolveSource(context, tenant, side, pointer, context.config.MAX_IMAGE_BYTES).catch(gone);
      if (bytes) pictures[side] = bytes;
      // No such bucket can be allowed: this job fails with `source_unavailable`, and the other lines do not.
      else sources[side] = { bucket: '-', key: pointer.upload_id };
    }
  }
  const caller = { tenant, apiKeyId: head.apiKeyId };
  const job: JobId = lineJobId(id, line);
  const newJob = newJobOf(caller, { pictures, terms }, uploadsOf(pointers));
  const batch = { createdAtMs: head.createdAtMs, sources, fresh };
  // Each job has a separate trace: one trace over a whole batch would be too large to read.
  const stored = await withParent(undefined, () =>
    inSpan('submit', { job }, () => submitLine(context, job, newJob, batch)),
  ).catch(gone);
  return stored && !stored.replayed ? stored.request : null;
}

/** A refusal concerns one line. Other errors end this round, and the next round repeats the whole batch. */
function gone(error: unknown): null {
  if (error instanceof RejectedError || (error instanceof Problem && error.status < 500)) return null;
  throw error;
}

async function putOnWay({ jobQueue, log }: ApiContext, requests: readonly JobRequest[]): Promise<void> {
  const cards = requests.map(({ tenant, job, priority, sides }) => ({
    tenant,
    job,
    generation: 1,
    priority,
    calls: sides.length,
  }));
  await jobQueue.addCards(cards).catch((error) => log.warn('batch.enqueue_postponed', describeError(error)));
}
