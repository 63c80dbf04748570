/**
 * Every name in the ledger is made here, so that the layout can be read on one page (docs/ledger.md has the prose).
 * Names hold ids, HMACs, states and codes only.
 */
import type { JobId, Side } from '../job/index.ts';
import { inverted } from '../job/index.ts';

/** The tenant under which the house keeps what belongs to no tenant: tenants themselves, admins. */
export const HOUSE = '_house';

export const paths = {
  tenantKey: (tenant: string) => `keys/${tenant}/.tenant`,
  jobKey: (tenant: string, job: JobId) => `keys/${tenant}/${job}`,

  job: (tenant: string, job: JobId) => `jobs/${tenant}/${job}/`,
  request: (tenant: string, job: JobId) => `jobs/${tenant}/${job}/request`,
  image: (tenant: string, job: JobId, side: Side) => `jobs/${tenant}/${job}/${side}.image`,
  reply: (tenant: string, job: JobId, side: Side) => `jobs/${tenant}/${job}/${side}.reply`,
  crop: (tenant: string, job: JobId, side: Side, crop: Crop) => `jobs/${tenant}/${job}/${side}.${crop}`,
  outcome: (tenant: string, job: JobId, generation: number) => `jobs/${tenant}/${job}/outcome.${generation}`,
  event: (tenant: string, job: JobId, generation: number, mode: string) =>
    `jobs/${tenant}/${job}/event.${generation}.${mode}`,
  tombstone: (tenant: string, job: JobId) => `jobs/${tenant}/${job}/tombstone`,

  allPending: 'pending/',
  pendingOf: (tenant: string, job: JobId) => `pending/${tenant}/${job}.`,
  pending: (tenant: string, job: JobId, generation: number) => `pending/${tenant}/${job}.${generation}`,

  allUndelivered: 'undelivered/',
  undeliveredOf: (tenant: string, job: JobId) => `undelivered/${tenant}/${job}.`,
  undelivered: (ref: DeliveryRef) => `undelivered/${ref.tenant}/${ref.job}.${ref.generation}.${ref.endpoint}`,
  deliveriesOf: (tenant: string, job: JobId) => `deliveries/${tenant}/${job}.`,
  delivery: (ref: DeliveryRef) => `deliveries/${ref.tenant}/${ref.job}.${ref.generation}.${ref.endpoint}/`,
  deliveryTry: (ref: DeliveryRef, attempt: number) => `${paths.delivery(ref)}${String(attempt).padStart(4, '0')}`,

  index: (tenant: string) => `index/${tenant}/`,
  indexSubmitted: (tenant: string, job: JobId, reference: string) => `index/${tenant}/${inverted(job)}.${reference}`,
  indexFinished: (tenant: string, job: JobId, reference: string, generation: number, state: string, code: string) =>
    `index/${tenant}/${inverted(job)}.${reference}.${generation}.${state}.${code}`,

  idempotency: (tenant: string, key: string) => `idempotency/${tenant}/${key}`,
  records: (kind: RecordKind, tenant: string) => `${kind}/${tenant}/`,
  record: (kind: RecordKind, tenant: string, id: string) => `${kind}/${tenant}/${id}/`,
} as const;

export type Crop = 'portrait' | 'card';
export type RecordKind = 'endpoints' | 'api-keys' | 'tenants' | 'admins';

/** One delivery: one generation of one job to one endpoint. */
export interface DeliveryRef {
  tenant: string;
  job: JobId;
  generation: number;
  endpoint: string;
}

/** The parts of a `pending/` name; null for a name of another shape. */
export function parsePending(key: string): { tenant: string; job: JobId; generation: number } | null {
  const match = /^pending\/([^/]+)\/(job_[0-9A-Z]+)\.(\d+)$/.exec(key);
  return match ? { tenant: match[1]!, job: match[2] as JobId, generation: Number(match[3]) } : null;
}

/** The parts of an `undelivered/` or `deliveries/` name; null for a name of another shape. */
export function parseDelivery(key: string): DeliveryRef | null {
  const match = /^(?:undelivered|deliveries)\/([^/]+)\/(job_[0-9A-Z]+)\.(\d+)\.([^/]+)/.exec(key);
  return match
    ? { tenant: match[1]!, job: match[2] as JobId, generation: Number(match[3]), endpoint: match[4]! }
    : null;
}
