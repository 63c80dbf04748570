/**
 * announce: owe the event to every endpoint that wants it, queue the deliveries, and only then close the generation.
 * After a crash or an error between any two steps, a later run repeats all of them. A repeated run owes no delivery that
 * has a record, so that no endpoint receives an outcome again because a later step failed.
 */

import { DefectError } from '@cardseal/base/errors';
import { failpoint } from '@cardseal/core/failpoints';
import type { JobRequest, Outcome } from '@cardseal/core/job';
import type { EndpointRecord, Versioned } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import { finishErasure, frozenEvent, unattemptedOf } from '@cardseal/core/use-cases';
import type { WorkerContext } from '../../context.ts';
import { planRemoval } from '../support/remove-images.ts';
import type { Work } from '../support/work.ts';

type Announced = Omit<Outcome, 'nonce'>;

/** Returns what was announced; null when the job is erased, for which only the erasure is announced. */
export async function announce(context: WorkerContext, work: Work): Promise<Announced | null> {
  const { ledger, endpoints: known, jobQueue, log } = context;
  const { tenant, job, generation, request, sealed } = work;
  const outcome = work.written.outcome ?? (await sealed.outcome(generation));
  if (!outcome) return withoutOutcome(context, work);
  // Waiting long polls need only the outcome.
  const told = jobQueue.announceFinished(job).catch(() => {});
  const listeners = await (work.listeners ?? known.list(tenant));
  const wanted = listeners.filter(({ id, value }) => wants(id, value, request, outcome));
  const ids = [...wanted.map(({ id }) => id), ...absent(listeners, request)];
  const all = ids.map((endpoint) => ({ tenant, job, generation, endpoint }));
  // Only the run that wrote the outcome knows that no other run has announced it.
  const repeated = work.written.outcome === null;
  const refs = repeated ? await unattemptedOf(ledger, all) : all;
  const endpoints = wanted.filter(({ id }) => refs.some(({ endpoint }) => endpoint === id));
  if (refs.length > 0 && work.written.outcome) context.outcomeCache.keep(work, outcome);
  await Promise.all([
    ...endpoints.map((endpoint) => freezeEncrypted(work, outcome, endpoint)),
    ...refs.map((ref) => ledger.jobs.markers.owe(ref)),
  ]);
  await failpoint('announce.owed');
  const queued = jobQueue.addDeliveries(refs.map((ref) => ({ ref, repeated }))).catch((error) => {
    log.warn('deliveries.enqueue_postponed', { tenant, job_id: job, ...describeError(error) });
  });
  await Promise.all([queued, ledger.jobs.listing.finished(tenant, job, request.reference, outcome)]);
  await failpoint('announce.queued');
  await planRemoval(context, work, outcome);
  await failpoint('announce.removed');
  if (await ledger.jobs.erasures.tombstone(tenant, job)) return finishErased(context, work);
  await ledger.jobs.markers.closeGeneration(tenant, job, generation, request.reference);
  await failpoint('announce.closed');
  await told;
  return outcome;
}

/** The generation was decided, so only an erasure may take its outcome away. Throws DefectError `outcome_missing`. */
async function withoutOutcome(context: WorkerContext, work: Work): Promise<null> {
  const { tenant, job, generation } = work;
  if (await context.ledger.jobs.erasures.tombstone(tenant, job)) return finishErased(context, work);
  throw new DefectError('outcome_missing', { fields: { tenant, job, generation } });
}

/** The eraser may have listed the job's objects before this run wrote its last names: delete what is left once more. */
export async function finishErased(context: WorkerContext, { tenant, job }: Pick<Work, 'tenant' | 'job'>) {
  const tombstone = await context.ledger.jobs.erasures.tombstone(tenant, job);
  if (tombstone) await finishErasure(context, tenant, job, tombstone);
  return null;
}

function wants(id: string, endpoint: EndpointRecord, request: JobRequest, outcome: Announced): boolean {
  if (endpoint.state === 'deleted') return false;
  if (request.endpointIds && !request.endpointIds.includes(id)) return false;
  return endpoint.events === null || endpoint.events.includes(`job.${outcome.state}`);
}

/**
 * Endpoints that the job names and the store does not have. A deletion leaves a record, so the store lost these. The
 * event stays pending for them, and each delivery waits until the record is back.
 */
function absent(listeners: readonly Versioned<EndpointRecord>[], { endpointIds }: JobRequest): string[] {
  return (endpointIds ?? []).filter((named) => !listeners.some(({ id }) => id === named));
}

/** Encrypting twice gives different bytes: bodies are encrypted now, so that every attempt sends the same bytes. */
async function freezeEncrypted(
  work: Work,
  outcome: Announced,
  { id, value }: Versioned<EndpointRecord>,
): Promise<void> {
  if (value.payload === 'encrypted') await frozenEvent(work.sealed, outcome, id, value);
}
