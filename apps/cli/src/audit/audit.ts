/** `audit verify` and `audit export`: read the audit log directly from the ledger. No other process has to run. */

import { RejectedError } from '@cardseal/base/errors';
import type { Env } from '@cardseal/core/config';
import { openLedgerOf } from '../support/open-ledger.ts';

/** Sets exit code 1 when the hash chain is broken. */
export async function verifyAuditCommand(env: Env, { head }: { head?: string }): Promise<void> {
  const noted = head === undefined ? undefined : readHead(head);
  const found = await openLedgerOf(env).ledger.operators.audit.verify(noted);
  process.stdout.write(`${JSON.stringify(found)}\n`);
  if (found.problems.length > 0) process.exitCode = 1;
}

/** Writes every entry as NDJSON, newest first. */
export async function exportAuditCommand(env: Env): Promise<void> {
  for await (const entry of openLedgerOf(env).ledger.operators.audit.entries()) {
    process.stdout.write(`${JSON.stringify(entry)}\n`);
  }
}

/** Throws RejectedError `head_invalid`. */
function readHead(text: string): { seq: number; hash: string } {
  const match = /^(\d{1,12}):([0-9a-f]{64})$/.exec(text);
  if (!match) throw new RejectedError('head_invalid');
  return { seq: Number(match[1]), hash: match[2]! };
}
