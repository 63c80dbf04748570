/** Makes a job of every line. It may be interrupted anywhere and done again: ids follow from batch and line. */
import { type JobId, type JobRequest, SIDES } from '@cardseal/core/job';
import { type BatchHead, type BatchId, type BatchLine, lineJobId } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import { inSpan, withParent } from '@cardseal/core/trace';
import type { ApiContext } from '../context.ts';
import { Problem } from '../problems/index.ts';
import { storeJob } from '../store/index.ts';
import { fromRequest, resolveSource, uploadsOf } from '../submit/index.ts';
import type { JobRequestBody } from '../submit/request-schema.ts';

/** Lines that are written at once. */
const LINES_AT_ONCE = 16;

/** @param fresh no other process can have begun. Returns false when it was told to stop, or the batch cancelled. */
export async function expandBatch(
  context: ApiContext,
  tenant: string,
  id: BatchId,
  head: BatchHead,
  { fresh, stopped }: { fresh: boolean; stopped: () => boolean },
): Promise<boolean> {
  const { ledger } = context;
  for (let at = 0; at < head.chunks; at++) {
    if (stopped() || (await ledger.batches.status(tenant, id)).cancelAsked) return false;
    const lines = (await ledger.batches.chunk<JobRequestBody>(tenant, id, at)) ?? [];
    for (let from = 0; from < lines.length; from += LINES_AT_ONCE) {
      const some = lines.slice(from, from + LINES_AT_ONCE);
      await putOnWay(context, await Promise.all(some.map((line) => storeLine(context, tenant, id, head, line, fresh))));
    }
  }
  await ledger.batches.setExpanded(tenant, id);
  return true;
}

/** null when the job was there, or is erased. */
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
      // No such bucket can be on a list: the job fails with `source_unavailable`, and its neighbours do not.
      else sources[side] = { bucket: '-', key: pointer.upload_id };
    }
  }
  const caller = { tenant, apiKeyId: head.apiKeyId, scopes: [] };
  const job: JobId = lineJobId(id, line);
  const options = { createdAtMs: head.createdAtMs, fresh, sources, uploads: uploadsOf(pointers) };
  // A trace of its own: one over a whole batch could be read by nobody.
  const stored = await withParent(undefined, () =>
    inSpan('submit', { job }, () => storeJob(context, caller, job, { pictures, terms }, options)),
  ).catch(gone);
  return stored && !stored.replayed ? stored.request : null;
}

/** Problems of one line are its own; our own troubles are tried again as a whole. */
function gone(error: unknown): null {
  if (error instanceof Problem && error.status < 500) return null;
  throw error;
}

async function putOnWay({ conveyor, log }: ApiContext, requests: readonly (JobRequest | null)[]): Promise<void> {
  const cards = requests
    .filter((request) => request !== null)
    .map(({ tenant, job, priority, sides }) => ({ tenant, job, generation: 1, priority, calls: sides.length }));
  await conveyor.addCards(cards).catch((error) => log.warn('batch.enqueue_postponed', describeError(error)));
}
