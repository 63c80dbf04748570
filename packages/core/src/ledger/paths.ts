/**
 * Every name in the ledger, so that the layout can be read on one page; docs/understand/ledger.md explains it. Names
 * contain ids, HMACs, states and codes only.
 */
import { keyPaths } from '@cardseal/sealing';
import type { JobId, Side } from '../job/index.ts';
import { inverted } from '../job/index.ts';

/** The tenant of records that belong to no tenant: tenants themselves, admins. */
export const SYSTEM_TENANT = '_house';

export const paths = {
  ...keyPaths,

  job: (tenant: string, job: JobId) => `jobs/${tenant}/${job}/`,
  request: (tenant: string, job: JobId) => `jobs/${tenant}/${job}/request`,
  image: (tenant: string, job: JobId, side: Side) => `jobs/${tenant}/${job}/${side}.image`,
  reply: (tenant: string, job: JobId, side: Side) => `jobs/${tenant}/${job}/${side}.reply`,
  crop: (tenant: string, job: JobId, side: Side, crop: Crop) => `jobs/${tenant}/${job}/${side}.${crop}`,
  outcome: (tenant: string, job: JobId, generation: number) => `jobs/${tenant}/${job}/outcome.${generation}`,
  event: (tenant: string, job: JobId, generation: number, mode: string) =>
    `jobs/${tenant}/${job}/event.${generation}.${mode}`,
  tombstone: (tenant: string, job: JobId) => `jobs/${tenant}/${job}/tombstone`,
  /** Marks that a sweep deletes the images of a job that ended without success. */
  windowClosed: (tenant: string, job: JobId) => `jobs/${tenant}/${job}/window-closed`,

  allPending: 'pending/',
  pendingOfTenant: (tenant: string) => `pending/${tenant}/`,
  pendingOf: (tenant: string, job: JobId) => `pending/${tenant}/${job}.`,
  pending: (tenant: string, job: JobId, generation: number, reference: string) =>
    `pending/${tenant}/${job}.${generation}.${reference}`,

  allUndelivered: 'undelivered/',
  askedAgainOf: (tenant: string, job: JobId | NoticeId) => `asked-again/${tenant}/${job}.`,
  undeliveredOf: (tenant: string, job: JobId | NoticeId) => `undelivered/${tenant}/${job}.`,
  undelivered: (ref: DeliveryRef) => `undelivered/${ref.tenant}/${ref.job}.${ref.generation}.${ref.endpoint}`,
  allAskedAgain: 'asked-again/',
  askedAgain: (ref: DeliveryRef) => `asked-again/${ref.tenant}/${ref.job}.${ref.generation}.${ref.endpoint}`,
  undeliveredOfTenant: (tenant: string) => `undelivered/${tenant}/`,
  parkedOf: (tenant: string, endpoint: string) => `parked/${tenant}/${endpoint}/`,
  parked: (ref: DeliveryRef) => `parked/${ref.tenant}/${ref.endpoint}/${ref.job}.${ref.generation}`,
  deliveriesOfTenant: (tenant: string) => `deliveries/${tenant}/`,
  deliveriesOf: (tenant: string, job: JobId | NoticeId) => `deliveries/${tenant}/${job}.`,
  delivery: (ref: DeliveryRef) => `deliveries/${ref.tenant}/${ref.job}.${ref.generation}.${ref.endpoint}/`,
  deliveryAttempt: (ref: DeliveryRef, attempt: number) => `${paths.delivery(ref)}${String(attempt).padStart(4, '0')}`,

  notice: (tenant: string, notice: NoticeId) => `notices/${tenant}/${notice}`,
  /** Notices sort newest first: the time counts down from the largest number of 13 digits. */
  noticed: (tenant: string) => `noticed/${tenant}/`,
  noticedBefore: (tenant: string, ms: number) =>
    `noticed/${tenant}/${String(LAST_MS - Math.max(0, ms)).padStart(13, '0')}`,
  noticedAt: (tenant: string, ms: number, notice: NoticeId, type: string) =>
    `${paths.noticedBefore(tenant, ms)}.${notice}.${type}`,
  allRecoveries: 'recoveries/',
  recovery: (tenant: string, endpoint: string, id: string) => `recoveries/${tenant}/${endpoint}/${id}/`,

  index: (tenant: string) => `index/${tenant}/`,
  indexFinished: (tenant: string, job: JobId, reference: string, generation: number, state: string, code: string) =>
    `index/${tenant}/${inverted(job)}.${reference}.${generation}.${state}.${code}`,

  indexErased: (tenant: string, job: JobId) => `index/${tenant}/${inverted(job)}.-.0.erased.-`,
  /** Every index name of one job. */
  indexOf: (tenant: string, job: JobId) => `index/${tenant}/${inverted(job)}.`,

  /** Due work in the order of its time. `second` is `YYYYMMDDHHmmss` in UTC. */
  allDue: 'due/',
  due: (second: string, { tenant, job, what }: DueRef) => `due/${second}/${tenant}/${job}.${what}`,
  /** The record of an erasure: counts and times. */
  erasureRecord: (tenant: string, job: JobId) => `erasures/${tenant}/${job}`,

  manifestsOfDay: (tenant: string, day: string) => `manifests/${tenant}/${day}/`,
  manifest: ({ tenant, day, run }: { tenant: string; day: string; run: number }) =>
    `manifests/${tenant}/${day}/${run}/`,

  /** Names of equal length, so that the last in byte order is the newest. */
  usageOf: (credential: string, day: string) => `usage/${credential}/${day}/`,
  usage: (credential: string, day: string, number: number) =>
    `${paths.usageOf(credential, day)}${String(number).padStart(9, '0')}`,

  idempotency: (tenant: string, key: string) => `idempotency/${tenant}/${key}`,
  records: (kind: RecordKind, tenant: string) => `${kind}/${tenant}/`,
  record: (kind: RecordKind, tenant: string, id: string) => `${kind}/${tenant}/${id}/`,
} as const;

export type Crop = 'portrait' | 'card';
export type RecordKind = 'endpoints' | 'api-keys' | 'tenants' | 'admins' | 'ended-sessions' | 'bulk-retries';

const LAST_MS = 9_999_999_999_999;

/** The parts of a `noticed/` name; null for other names. */
export function parseNoticed(key: string): { notice: NoticeId; type: string; atMs: number } | null {
  const match = /^noticed\/[^/]+\/(\d{13})\.(evt_[0-9A-Z]+)\.([a-z.]+)$/.exec(key);
  return match && { notice: match[2] as NoticeId, type: match[3]!, atMs: LAST_MS - Number(match[1]) };
}

/** An event that is not the outcome of a job: the end of a batch, an erasure, a change of an endpoint's health. */
export type NoticeId = `evt_${string}`;

export function isNoticeId(id: string): id is NoticeId {
  return id.startsWith('evt_');
}

/** One delivery: one generation of one job, or a notice (generation 1), to one endpoint. */
export interface DeliveryRef {
  tenant: string;
  job: JobId | NoticeId;
  generation: number;
  endpoint: string;
}

/** An open generation. */
export interface PendingMarker {
  tenant: string;
  job: JobId;
  generation: number;
  /** HMAC of the job's reference, which lists filter by; `-` for none. */
  reference: string;
}

const DUE_KINDS = ['expire', 'pictures', 'retention', 'erased'] as const;
type DueKind = (typeof DUE_KINDS)[number];

export interface DueRef {
  tenant: string;
  job: JobId;
  what: DueKind;
}

/** The parts of a `due/` name; null for other names. */
export function parseDue(key: string): (DueRef & { second: string }) | null {
  const match = /^due\/(\d{14})\/([^/]+)\/(job_[0-9A-Z]+)\.([a-z]+)$/.exec(key);
  if (!match || !(DUE_KINDS as readonly string[]).includes(match[4]!)) return null;
  return { second: match[1]!, tenant: match[2]!, job: match[3] as JobId, what: match[4] as DueKind };
}

/** The parts of a `pending/` name; null for other names. */
export function parsePending(key: string): PendingMarker | null {
  const match = /^pending\/([^/]+)\/(job_[0-9A-Z]+)\.(\d+)\.([0-9a-f]{32}|-)$/.exec(key);
  return match && { tenant: match[1]!, job: match[2] as JobId, generation: Number(match[3]), reference: match[4]! };
}

/** The parts of an `undelivered/`, `deliveries/` or `parked/` name; null for other names. */
export function parseDelivery(key: string): DeliveryRef | null {
  const parked = /^parked\/([^/]+)\/([^/]+)\/((?:job|evt)_[0-9A-Z]+)\.(\d+)$/.exec(key);
  if (parked) return deliveryRef(parked[1]!, parked[3]!, parked[4]!, parked[2]!);
  const match = /^(?:undelivered|deliveries|asked-again)\/([^/]+)\/((?:job|evt)_[0-9A-Z]+)\.(\d+)\.([^/]+)/.exec(key);
  return match && deliveryRef(match[1]!, match[2]!, match[3]!, match[4]!);
}

function deliveryRef(tenant: string, job: string, generation: string, endpoint: string): DeliveryRef {
  return { tenant, job: job as JobId, generation: Number(generation), endpoint };
}
