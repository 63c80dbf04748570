/** The records of tenants, their API keys and endpoints, and operators. Plain data; the rules are in the apps. */

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
 * Images may be read from this bucket: the object with the prefix as its name, and every object below it as a path. An
 * empty prefix is the whole bucket. See `isAllowedSource`.
 */
export interface ObjectSourceRule {
  bucket: string;
  prefix: string;
}

/** An absent property sets no limit. */
export interface KeyLimits {
  requestsPerSecond?: number;
  /** Open requests at the same time, per process. */
  concurrency?: number;
  /** Jobs that are submitted and not finished. */
  inQueue?: number;
  /** Jobs per day, counted from midnight in Shanghai as the provider does. */
  cardsPerDay?: number;
}

/** Limits that all keys of a tenant share. An absent property sets no limit. */
export type TenantLimits = Pick<KeyLimits, 'requestsPerSecond' | 'cardsPerDay'>;

export interface TenantRetention {
  /**
   * Seconds that a job is kept after its end when its request has no `retain_for`; the installation's time when
   * absent.
   */
  defaultS?: number;
  /** The maximum time that a job is kept, whatever its request says. */
  maximumS?: number;
}

export interface TenantRecord {
  name: string;
  createdAtMs: number;
  policy?: VerdictPolicy;
  /** Share of the quota relative to other tenants, 0.1–100; default 1. */
  weight?: number;
  objectSources?: ObjectSourceRule[];
  limits?: TenantLimits;
  retention?: TenantRetention;
  /** Private webhook targets within the installation's list: CIDR ranges, `host`, `host:port`. */
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
  /**
   * Kept after the removal of an operator so that versions keep rising: old sessions stay invalid when the operator is
   * added again.
   */
  removedAtMs?: number;
}

/** Sessions of an operator that a logout ended before they expired. */
export interface EndedSessionsRecord {
  ended: { id: string; untilMs: number }[];
}

/** A bulk retry: which failures, at which rate, and its progress. Every checkpoint is a new version. */
export interface BulkRetryRecord {
  state: 'running' | 'finished' | 'cancelled';
  query: {
    /** null for all. */
    tenant: string | null;
    /** The states that are retried. */
    state: 'failed' | 'expired' | null;
    code: string | null;
    createdAfterMs: number | null;
    createdBeforeMs: number | null;
  };
  /** Only jobs that ended before this time are retried, so that one run retries no job twice. */
  startedAtMs: number;
  endedAtMs: number | null;
  perSecond: number;
  /** As the dry run counted them. */
  expected: number;
  by: string;
  reason: string;
  /** The last job that was read; null at the start. */
  after: string | null;
  retried: number;
  /** Skipped jobs, counted by code. */
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
  /** null subscribes to all events. */
  events: EventType[] | null;
  payload: 'full' | 'reference' | 'encrypted';
  publicKey: string | null;
  headers: Record<string, string>;
  state: 'enabled' | 'disabled' | 'deleted';
  /** Valid secrets, newest first. Older ones stay until their overlap ends. */
  secrets: { secret: string; untilMs: number | null }[];
  createdAtMs: number;
  /** Most attempts per second; no limit when absent. */
  maxRate?: number | null;
  /** Healthy when absent. Holds are temporary and stored in Redis and the delivery records only. */
  health?: EndpointHealth;
  /** Why it is disabled: by its owner, by a response 410, or after five days of failures only. */
  disabledBy?: 'owner' | 'gone' | 'failing';
  /** From this time on every reader sees it as deleted. */
  expiresAtMs?: number | null;
  /** When its owner disabled it. For the other two reasons the time is `health.sinceMs`. */
  disabledAtMs?: number;
}

/**
 * For an endpoint that other records name and that the store does not have. A deletion leaves a record with the state
 * `deleted`, so a missing record is a fault of the store and never a deletion.
 */
export function endpointMissing({ tenant, endpoint }: { tenant: string; endpoint: string }): DefectError {
  return new DefectError('endpoint_record_missing', { fields: { tenant, endpoint } });
}

interface EndpointHealth {
  state: 'healthy' | 'failing';
  /** When this state began. */
  sinceMs: number;
  /** The last response that made it fail; absent while healthy, and in records of earlier versions. */
  cause?: { class: string; status: number | null };
  /** Counts changes of state, so that each is announced with its own id. */
  change: number;
}

export interface Registry {
  endpoints: Records<EndpointRecord>;
  apiKeys: Records<ApiKeyRecord>;
  tenants: Records<TenantRecord>;
  admins: Records<AdminRecord>;
  /** Belongs to the system tenant; by operator. */
  endedSessions: Records<EndedSessionsRecord>;
  /** Belongs to the system tenant. */
  bulkRetries: Records<BulkRetryRecord>;
}
