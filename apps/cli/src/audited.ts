/** What the command line changes stands in the audit log first, like what operators do in the admin. */
import { userInfo } from 'node:os';
import type { Ledger } from '@cardseal/core/ledger';
import { type AuditInput, onRecord } from '@cardseal/core/ledger/audit';

/** Throws as `work` does, after an entry that says that it did not come about. */
export function audited<T>(ledger: Ledger, deed: Omit<AuditInput, 'who' | 'role'>, work: () => Promise<T>): Promise<T> {
  const detail = { ...deed.detail, os_user: osUser() };
  return onRecord(ledger.operators.audit, { who: 'cli', role: 'cli', ...deed, detail }, work, () =>
    process.stderr.write('that it failed could not be put on record\n'),
  );
}

/** By name where the system knows one: in a container it often does not. */
function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
