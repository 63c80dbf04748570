/** Does what an operator asked for, behind an entry in the audit log: what cannot be put on record is not done. */
import { type AuditInput, onRecord } from '@cardseal/core/ledger/audit';
import { describeError } from '@cardseal/core/log';
import type { Session } from '../auth/session.ts';
import type { AdminContext } from '../context.ts';

export type Deed = Omit<AuditInput, 'who' | 'role'>;

/** Throws as `work` does, after an entry that says that it did not come about. */
export function audited<T>(
  { ledger, log }: Pick<AdminContext, 'ledger' | 'log'>,
  { user, role }: Session,
  deed: Deed,
  work: () => Promise<T>,
): Promise<T> {
  const { tenant, job, endpoint, credential } = deed.target;
  const ids = { tenant, job_id: job, endpoint_id: endpoint, credential_id: credential };
  return onRecord(
    ledger.operators.audit,
    { who: user, role, ...deed },
    ({ seq }) => {
      log.info('admin.action', { admin: user, step: deed.action, count: seq, ...ids });
      return work();
    },
    (error) => log.error('admin.audit_failed', { admin: user, ...describeError(error) }),
  );
}
