/** Reads the chain from its newest entry to the first and reports each place where it is broken. Writes nothing. */
import { type AuditEntry, hashOf, NO_ENTRY } from './entry.ts';

interface AuditProblem {
  seq: number;
  /**
   * `missing`: the entry does not exist · `changed`: the entry does not open · `broken`: the next entry has the hash
   * of other bytes · `head_missing`: an entry that an operator noted earlier is missing or changed.
   */
  code: 'missing' | 'changed' | 'broken' | 'head_missing';
}

export interface Verification {
  entries: number;
  /** An operator notes it outside the ledger: only that reveals a cut at the newest end. null for an empty log. */
  head: { seq: number; hash: string } | null;
  problems: AuditProblem[];
}

export async function verifyChain(
  newestFirst: AsyncIterable<{ seq: number; plain: Buffer | null }>,
  noted?: { seq: number; hash: string },
): Promise<Verification> {
  const result: Verification = { entries: 0, head: null, problems: [] };
  let after: { seq: number; prev: string | null } | null = null;
  let notedStands = noted === undefined;
  for await (const { seq, plain } of newestFirst) {
    const hash = plain && hashOf(plain);
    if (after) {
      for (let gone = after.seq - 1; gone > seq; gone--) result.problems.push({ seq: gone, code: 'missing' });
      if (hash && after.seq === seq + 1 && after.prev !== null && after.prev !== hash)
        result.problems.push({ seq, code: 'broken' });
    }
    if (!plain) result.problems.push({ seq, code: 'changed' });
    const entry = plain && (JSON.parse(plain.toString()) as AuditEntry);
    if (entry && entry.seq !== seq) result.problems.push({ seq, code: 'changed' });
    result.head ??= { seq, hash: hash ?? NO_ENTRY };
    if (noted && noted.seq === seq && noted.hash === hash) notedStands = true;
    result.entries++;
    after = { seq, prev: entry?.prev ?? null };
  }
  for (let gone = (after?.seq ?? 1) - 1; gone > 0; gone--) result.problems.push({ seq: gone, code: 'missing' });
  if (after?.seq === 1 && after.prev !== null && after.prev !== NO_ENTRY)
    result.problems.push({ seq: 1, code: 'broken' });
  if (!notedStands) result.problems.push({ seq: noted!.seq, code: 'head_missing' });
  return result;
}
