/** Writes an audit entry before each change that a command makes, as the admin does for its operators. */
import { userInfo } from 'node:os';
import type { Ledger } from '@cardseal/core/ledger';
import { type AuditInput, withAuditEntry } from '@cardseal/core/ledger/audit';

/** If `work` fails, it writes a second entry that reports the failure and rethrows the error. */
export function audited<T>(
  ledger: Ledger,
  entry: Omit<AuditInput, 'who' | 'role'>,
  work: () => Promise<T>,
): Promise<T> {
  const detail = { ...entry.detail, os_user: osUser() };
  return withAuditEntry(ledger.operators.audit, { who: 'cli', role: 'cli', ...entry, detail }, work, () =>
    process.stderr.write('the action failed, and the audit log could not record the failure\n'),
  );
}

/** The user name, or the id where the system has no name, as in many containers. */
function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
