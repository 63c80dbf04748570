/** Does what was asked for behind an entry in the audit log: what cannot be put on record is not done. */
import { CardsealError } from '@cardseal/base/errors';
import type { AuditLog } from './audit-log.ts';
import type { AuditEntry, AuditInput } from './entry.ts';

/**
 * Throws as `work` does, after a second entry that says that it did not come about.
 * @param lost is told when that second entry could not be written.
 */
export async function onRecord<T>(
  audit: Pick<AuditLog, 'append'>,
  deed: AuditInput,
  work: (entry: AuditEntry) => Promise<T>,
  lost: (error: unknown) => void,
): Promise<T> {
  const entry = await audit.append(deed);
  try {
    return await work(entry);
  } catch (error) {
    const failed = error instanceof CardsealError ? error.code : 'internal';
    await audit.append({ ...deed, reason: null, detail: { ...deed.detail, failed, of: entry.seq } }).catch(lost);
    throw error;
  }
}
