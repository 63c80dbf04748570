/** Opens a gate in Redis and in the ledger. */
import { TransientError } from '@cardseal/base/errors';
import type { Pacer } from '@cardseal/pacer';
import type { AdminContext } from '../context.ts';

const SAVE_TRIES = 3;

/**
 * The record in the ledger matters when Redis lost the closed gate: without the record, the workers would restore the old
 * block. Throws TransientError `store_unavailable` when the record cannot be written; the gate is open then, and the
 * operator tries again.
 */
export async function openForGood(
  { ledger }: Pick<AdminContext, 'ledger'>,
  pacer: Pick<Pacer, 'openGate'>,
  credential: string,
  by: string,
): Promise<void> {
  await pacer.openGate(credential, by);
  for (let attempt = 0; attempt < SAVE_TRIES; attempt++) {
    if (await ledger.reports.gates.save(credential, { reason: '', by, untilMs: 0 })) return;
  }
  throw new TransientError('store_unavailable');
}
