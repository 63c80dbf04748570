/** Runs the action of an operator after writing its audit entry. Without the entry the action does not run. */
import { type AuditInput, withAuditEntry } from '@cardseal/core/ledger/audit';
import { describeError } from '@cardseal/core/log';
import type { Session } from '../auth/session.ts';
import type { AdminContext } from '../context.ts';

export type AuditedAction = Omit<AuditInput, 'who' | 'role'>;

/** If `work` fails, it writes a second entry that reports the failure and rethrows the error. */
export function audited<T>(
  { ledger, log }: Pick<AdminContext, 'ledger' | 'log'>,
  { user, role }: Session,
  entry: AuditedAction,
  work: () => Promise<T>,
): Promise<T> {
  const { tenant, job, endpoint, credential } = entry.target;
  const ids = { tenant, job_id: job, endpoint_id: endpoint, credential_id: credential };
  return withAuditEntry(
    ledger.operators.audit,
    { who: user, role, ...entry },
    ({ seq }) => {
      log.info('admin.action', { admin: user, step: entry.action, count: seq, ...ids });
      return work();
    },
    (error) => log.error('admin.audit_failed', { admin: user, ...describeError(error) }),
  );
}
