/**
 * announce: owe the event to every endpoint that wants it, put the deliveries on their way, and only then close the
 * generation. Every step may run again: a crash between any two is mended by running this again.
 */

import type { JobRequest, Outcome } from '@cardseal/core/job';
import type { EndpointRecord, Versioned } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import { encryptPayload } from '@cardseal/core/webhook';
import type { WorkerContext } from '../context.ts';
import type { Work } from './work.ts';

export async function announce(context: WorkerContext, work: Work): Promise<void> {
  const { ledger, conveyor, log } = context;
  const { tenant, job, generation, request, sealed } = work;
  const outcome = (await sealed.outcome(generation))!;
  // Those who wait on a long poll need nothing but the outcome.
  const told = conveyor.announceFinished(job).catch(() => {});
  const endpoints = (await ledger.endpoints.list(tenant)).filter(({ id, value }) => wants(id, value, request, outcome));
  const refs = endpoints.map(({ id }) => ({ tenant, job, generation, endpoint: id }));
  await Promise.all([
    ledger.listing.finished(tenant, job, request.reference, outcome),
    ...endpoints.map((endpoint) => freezeEncrypted(work, outcome, endpoint)),
    ...refs.map((ref) => ledger.markers.owe(ref)),
  ]);
  await conveyor.addDeliveries(refs.map((ref) => ({ ref }))).catch((error) => {
    log.warn('deliveries.enqueue_postponed', { tenant, job_id: job, ...describeError(error) });
  });
  const done = outcome.state === 'succeeded' || outcome.state === 'cancelled';
  if (done && !request.keepImages) await ledger.deletePictures(tenant, job, request.sides);
  await ledger.markers.closeGeneration(tenant, job, generation);
  await told;
}

function wants(id: string, endpoint: EndpointRecord, request: JobRequest, outcome: Outcome): boolean {
  if (endpoint.state === 'deleted') return false;
  if (request.endpointIds && !request.endpointIds.includes(id)) return false;
  return endpoint.events === null || endpoint.events.includes(`job.${outcome.state}`);
}

/** Encrypted bodies cannot be made twice alike, so that they are kept; every try sends these bytes. */
async function freezeEncrypted(work: Work, outcome: Outcome, { id, value }: Versioned<EndpointRecord>): Promise<void> {
  if (value.payload !== 'encrypted' || value.publicKey === null) return;
  const { type, timestamp, data } = JSON.parse(outcome.full) as { type: string; timestamp: string; data: object };
  const plaintext = Buffer.from(JSON.stringify({ event_id: outcome.eventId, endpoint_id: id, type, data }));
  const jwe = await encryptPayload({ publicKey: value.publicKey, plaintext });
  const body = JSON.stringify({ type, timestamp, data: { id: work.job, generation: work.generation, jwe } });
  await work.sealed.putEvent(work.generation, id, Buffer.from(body));
}
