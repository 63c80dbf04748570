export { type AuditFilter, type AuditLog, type AuditPage, type AuditParts, createAuditLog } from './audit-log.ts';
export { AUDIT_ACTIONS, type AuditAction, type AuditDetail, type AuditEntry, type AuditInput } from './entry.ts';
export { onRecord } from './on-record.ts';
export type { AuditProblem, Verification } from './verify.ts';
