/** Writes an audit entry before an action and runs the action only if the entry is stored. */
import { CardsealError } from '@cardseal/base/errors';
import type { AuditLog } from './audit-log.ts';
import type { AuditEntry, AuditInput } from './entry.ts';

/**
 * Throws as `work` does, after it writes a second entry that records the failure.
 * @param lost called when the second entry cannot be written.
 */
export async function withAuditEntry<T>(
  audit: Pick<AuditLog, 'append'>,
  input: AuditInput,
  work: (entry: AuditEntry) => Promise<T>,
  lost: (error: unknown) => void,
): Promise<T> {
  const entry = await audit.append(input);
  try {
    return await work(entry);
  } catch (error) {
    const failed = error instanceof CardsealError ? error.code : 'internal';
    await audit.append({ ...input, reason: null, detail: { ...input.detail, failed, of: entry.seq } }).catch(lost);
    throw error;
  }
}
