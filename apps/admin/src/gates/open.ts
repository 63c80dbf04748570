/** Opens a gate in Redis and in the ledger, so that it stays open when Redis loses its data. */
import { TransientError } from '@cardseal/base/errors';
import type { Pacer } from '@cardseal/pacer';
import type { AdminContext } from '../context.ts';

const SAVE_ATTEMPTS = 3;

/**
 * Without the new record, workers would restore the closed gate from the ledger after a loss of Redis data. Throws
 * TransientError `store_unavailable` when the record cannot be written. The gate is open then, and the operator retries.
 */
export async function openForGood(
  { ledger }: Pick<AdminContext, 'ledger'>,
  pacer: Pick<Pacer, 'openGate'>,
  credential: string,
  by: string,
): Promise<void> {
  await pacer.openGate(credential, by);
  for (let attempt = 0; attempt < SAVE_ATTEMPTS; attempt++) {
    if (await ledger.reports.gates.save(credential, { reason: '', by, untilMs: 0 })) return;
  }
  throw new TransientError('store_unavailable');
}
