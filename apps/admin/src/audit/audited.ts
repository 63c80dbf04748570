/** Does what an operator asked for, behind an entry in the audit log: what cannot be put on record is not done. */
import type { AuditInput } from '@cardseal/core/audit';
import { CardsealError } from '@cardseal/core/errors';
import { describeError } from '@cardseal/core/log';
import type { Session } from '../auth/session.ts';
import type { AdminContext } from '../context.ts';

export type Deed = Omit<AuditInput, 'who' | 'role'>;

/** Throws as `work` does, after an entry that says that it did not come about. */
export async function audited<T>(
  { ledger, log }: Pick<AdminContext, 'ledger' | 'log'>,
  { user, role }: Session,
  deed: Deed,
  work: () => Promise<T>,
): Promise<T> {
  const { seq } = await ledger.audit.append({ who: user, role, ...deed });
  const { tenant, job, endpoint, credential } = deed.target;
  const ids = { tenant, job_id: job, endpoint_id: endpoint, credential_id: credential };
  log.info('admin.action', { admin: user, step: deed.action, count: seq, ...ids });
  try {
    return await work();
  } catch (error) {
    const failed = error instanceof CardsealError ? error.code : 'internal';
    const detail = { ...deed.detail, failed, of: seq };
    await ledger.audit
      .append({ who: user, role, ...deed, reason: null, detail })
      .catch((second) => log.error('admin.audit_failed', { admin: user, ...describeError(second) }));
    throw error;
  }
}
