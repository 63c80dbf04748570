/** Who there is: tenants, their API keys and endpoints, and the operators. Plain data; the rules live in the apps. */

import { DefectError } from '@cardseal/base/errors';
import type { VerdictPolicy } from '@cardseal/idcard/card';
import type { Records } from './records.ts';

export const SCOPES = [
  'jobs:write',
  'jobs:read',
  'results:read',
  'endpoints:write',
  'endpoints:read',
  'jobs:erase',
  'images:read',
] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * Images may be read from this bucket: the object named by the prefix and all below it as a path. An empty prefix is the
 * whole bucket. See `isAllowedSource`.
 */
export interface ObjectSourceRule {
  bucket: string;
  prefix: string;
}

/** What is absent is not limited. */
export interface KeyLimits {
  requestsPerSecond?: number;
  /** Requests open at once, in each process. */
  concurrency?: number;
  /** Jobs submitted and not finished. */
  inQueue?: number;
  /** Cards a day, counted from midnight in Shanghai as the provider does. */
  cardsPerDay?: number;
}

/** Caps that all keys of a tenant share. What is absent is not limited. */
export type TenantLimits = Pick<KeyLimits, 'requestsPerSecond' | 'cardsPerDay'>;

export interface TenantRetention {
  /** Seconds that a job is kept after it ended when its request has no `retain_for`; the installation's time when absent. */
  defaultS?: number;
  /** No job is kept longer, whatever its request says. */
  maximumS?: number;
}

export interface TenantRecord {
  name: string;
  createdAtMs: number;
  policy?: VerdictPolicy;
  /** Share of the quota beside other tenants', 0.1–100; 1 unless given. */
  weight?: number;
  objectSources?: ObjectSourceRule[];
  limits?: TenantLimits;
  retention?: TenantRetention;
  /** Private webhook targets inside the installation's list: CIDR ranges, `host`, `host:port`. */
  webhookTargets?: string[];
}

export interface ApiKeyRecord {
  /** Hex SHA-256 of the secret part. */
  secretSha256: string;
  scopes: Scope[];
  limits?: KeyLimits;
  createdAtMs: number;
  expiresAtMs: number | null;
  revokedAtMs: number | null;
}

export interface AdminRecord {
  /** scrypt: `N.r.p.salt.hash`, base64url. */
  password: string;
  role: 'viewer' | 'operator' | 'owner';
  createdAtMs: number;
  /** Kept after the removal, so that versions go on rising: a session of an earlier life stays over. */
  removedAtMs?: number;
}

/** Sessions of an operator that a logout has ended before their time. */
export interface EndedSessionsRecord {
  ended: { id: string; untilMs: number }[];
}

/** A bulk retry: which failures, how fast, and how far it has come; every mark is a new version. */
export interface BulkRetryRecord {
  state: 'running' | 'finished' | 'cancelled';
  query: {
    /** null for all. */
    tenant: string | null;
    /** Which ends are tried again. */
    state: 'failed' | 'expired' | null;
    code: string | null;
    createdAfterMs: number | null;
    createdBeforeMs: number | null;
  };
  /** Only what had ended by then is tried again, so that nothing is tried twice by one run. */
  startedAtMs: number;
  endedAtMs: number | null;
  perSecond: number;
  /** As the dry run counted it. */
  expected: number;
  by: string;
  reason: string;
  /** The last job that was looked at; null before the first. */
  after: string | null;
  retried: number;
  /** What was left as it was, by code. */
  skipped: Record<string, number>;
}

export const EVENT_TYPES = [
  'job.succeeded',
  'job.failed',
  'job.cancelled',
  'job.expired',
  'job.erased',
  'batch.completed',
  'endpoint.failing',
  'endpoint.disabled',
  'endpoint.recovered',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export interface EndpointRecord {
  url: string;
  /** null subscribes to everything. */
  events: EventType[] | null;
  payload: 'full' | 'reference' | 'encrypted';
  publicKey: string | null;
  headers: Record<string, string>;
  state: 'enabled' | 'disabled' | 'deleted';
  /** Live secrets, newest first; older ones stay until their overlap ends. */
  secrets: { secret: string; untilMs: number | null }[];
  createdAtMs: number;
  /** Tries a second at most, whatever is owed; no limit unless given. */
  maxRate?: number | null;
  /** Healthy without a change unless given. Holds pass, and are known to Redis and the try records only. */
  health?: EndpointHealth;
  /** Why it is disabled: by its owner, by its 410, or by five days of failures alone. */
  disabledBy?: 'owner' | 'gone' | 'failing';
  /** From then on every reader sees it as deleted. */
  expiresAtMs?: number | null;
  /** When its owner disabled it. For the other two reasons the time is `health.sinceMs`. */
  disabledAtMs?: number;
}

/**
 * For an endpoint that other records name and that the store does not have. A deletion leaves a record with the state
 * `deleted`, so an absent record is a fault of the store and never a deletion.
 */
export function endpointMissing({ tenant, endpoint }: { tenant: string; endpoint: string }): DefectError {
  return new DefectError('endpoint_record_missing', { fields: { tenant, endpoint } });
}

interface EndpointHealth {
  state: 'healthy' | 'failing';
  /** When that began. */
  sinceMs: number;
  /** The last response that made it fail; absent while healthy, and in records of earlier versions. */
  cause?: { class: string; status: number | null };
  /** Counts changes of state, so that each is announced under an id of its own. */
  change: number;
}

export interface Registry {
  endpoints: Records<EndpointRecord>;
  apiKeys: Records<ApiKeyRecord>;
  tenants: Records<TenantRecord>;
  admins: Records<AdminRecord>;
  /** Of the house, by operator. */
  endedSessions: Records<EndedSessionsRecord>;
  /** Of the house. */
  bulkRetries: Records<BulkRetryRecord>;
}
