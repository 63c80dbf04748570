/** The content of an audit entry, and the hash that links it to the next one. */
import { createHash } from 'node:crypto';

/** Every action of an operator, and every read of an image by an API key. */
export const AUDIT_ACTIONS = [
  'login',
  'logout',
  'gate.open',
  'gate.close',
  'job.retry',
  'job.promote',
  'job.remove',
  'job.reveal',
  'delivery.resend',
  'bulk_retry.start',
  'bulk_retry.cancel',
  'bulk_retry.end',
  'endpoint.enable',
  'endpoint.recover',
  'tenant.create',
  'tenant.change',
  'key.create',
  'key.change',
  'key.revoke',
  'admin.create',
  'admin.change',
  'admin.remove',
  'master_key.rotate',
  'master_key.drop',
  'tenant_key.rotate',
  'audit.export',
  'image.read',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

type AuditDetail = Readonly<Record<string, string | number | boolean | null>>;

export interface AuditInput {
  /**
   * An operator, `machine`, the id of an API key (role `api_key`), or `cli`. For `cli`, `detail` has the system user
   * as `os_user`.
   */
  who: string;
  role: string;
  action: AuditAction;
  /** Ids of the objects of the action: `tenant`, `job`, `endpoint`, `credential` … */
  target: Readonly<Record<string, string>>;
  /** The operator's reason as free text; null for actions that need none. */
  reason: string | null;
  /** More ids, codes and numbers. `failed` holds the error code of an action that failed. */
  detail?: AuditDetail;
}

export interface AuditEntry extends AuditInput {
  v: 1;
  /** Counts from 1, without gaps. */
  seq: number;
  /** ISO 8601 time. */
  at: string;
  /** Hash of the entry before this one; zeros for the first. */
  prev: string;
}

export const NO_ENTRY = '0'.repeat(64);

/** Hex SHA-256 over the exact bytes of an entry. */
export function hashOf(plain: Uint8Array): string {
  return createHash('sha256').update(plain).digest('hex');
}
