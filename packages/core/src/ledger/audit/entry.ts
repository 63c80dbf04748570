/** What an entry of the audit log says, and the hash by which the next one holds on to it. */
import { createHash } from 'node:crypto';

/** Everything that operators do, and every read of an image by an API key. */
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
  /** An operator, `machine`, the id of an API key (role `api_key`), or `cli`, whose `detail` has the system user as `os_user`. */
  who: string;
  role: string;
  action: AuditAction;
  /** Ids of what it was done to: `tenant`, `job`, `endpoint`, `credential` … */
  target: Readonly<Record<string, string>>;
  /** Why, in the operator's words; null where none is asked for. */
  reason: string | null;
  /** Ids, codes and numbers that say more; `failed` holds the code of an action that did not come about. */
  detail?: AuditDetail;
}

export interface AuditEntry extends AuditInput {
  v: 1;
  /** From 1, without gaps. */
  seq: number;
  /** ISO time. */
  at: string;
  /** Hash of the entry before; zeros for the first. */
  prev: string;
}

export const NO_ENTRY = '0'.repeat(64);

/** Hex SHA-256 over the exact bytes of an entry. */
export function hashOf(plain: Uint8Array): string {
  return createHash('sha256').update(plain).digest('hex');
}
