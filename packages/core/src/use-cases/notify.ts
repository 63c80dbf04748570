/**
 * Sends a tenant's endpoints an event that is not the outcome of a job: the end of a batch, an erasure, a change of an
 * endpoint's health. May be called again for the same event: the first bytes and the id stay the same, and no delivery
 * that has a record becomes pending again.
 */

import { eventIdFor } from '@cardseal/webhook';
import type { EndpointRecord, EventType, Ledger, NoticeId, Versioned } from '../ledger/index.ts';
import type { JobQueue } from '../queue/index.ts';
import { unattemptedOf } from './unattempted.ts';

interface NotifyParts {
  ledger: Pick<Ledger, 'jobs' | 'deliveries' | 'tenants'>;
  jobQueue: JobQueue;
}

interface NoticeInput {
  tenant: string;
  type: EventType;
  /** A job, batch or endpoint, and which of its occurrences this is. */
  subject: string;
  generation: number;
  atMs: number;
  /** Ids, states, counts and times only: the body is equal in every payload mode. */
  data: object;
  /** Skips the endpoint that the event is about. */
  exceptEndpoint?: string;
  /** Only these endpoints, if the subject was restricted to them. */
  endpointIds?: readonly string[] | null;
}

/**
 * Whether another endpoint of the tenant takes an event about the endpoint `about` now. If not, the notice reaches no
 * endpoint, and an operator must inform the tenant.
 */
export function canReceiveNotice(
  about: string,
  type: EventType,
  endpoints: readonly Versioned<EndpointRecord>[],
): boolean {
  return endpoints.some(
    ({ id, value }) =>
      id !== about &&
      value.state === 'enabled' &&
      value.health?.state !== 'failing' &&
      (value.events === null || value.events.includes(type)),
  );
}

/** Returns the id of the notice. While Redis is away, the markers alone make it owed. */
export async function sendNotice({ ledger, jobQueue }: NotifyParts, input: NoticeInput): Promise<NoticeId> {
  const { tenant, type, subject, generation, atMs, data } = input;
  const eventId = eventIdFor({ tenant, subject, generation, type });
  const notice: NoticeId = `evt_${eventId.slice('msg_'.length).toUpperCase()}`;
  const body = JSON.stringify({ type, timestamp: new Date(atMs).toISOString(), data });
  const created = await ledger.deliveries.notices.create(tenant, notice, { v: 1, eventId, type, atMs, body });
  const known = await ledger.tenants.endpoints.list(tenant);
  const endpoints = known.filter(
    ({ id, value }) =>
      value.state !== 'deleted' &&
      id !== input.exceptEndpoint &&
      (value.events === null || value.events.includes(type)) &&
      (!input.endpointIds || input.endpointIds.includes(id)),
  );
  // A deletion leaves a record: an endpoint that the subject names and that has none is lost, and stays owed.
  const lost = (input.endpointIds ?? []).filter((named) => !known.some(({ id }) => id === named));
  const ids = [...endpoints.map(({ id }) => id), ...lost];
  const all = ids.map((endpoint) => ({ tenant, job: notice, generation: 1, endpoint }));
  const refs = created ? all : await unattemptedOf(ledger, all);
  await Promise.all(refs.map((ref) => ledger.jobs.markers.owe(ref)));
  await jobQueue.addDeliveries(refs.map((ref) => ({ ref, repeated: !created }))).catch(() => {});
  return notice;
}
