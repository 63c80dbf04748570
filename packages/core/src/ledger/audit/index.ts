export { type AuditLog, type AuditPage, createAuditLog } from './audit-log.ts';
export { AUDIT_ACTIONS, type AuditAction, type AuditEntry, type AuditInput } from './entry.ts';
export { withAuditEntry } from './with-audit-entry.ts';
