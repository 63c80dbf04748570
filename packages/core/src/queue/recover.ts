/** Puts a recovery on its way: one job in the deliver queue that walks it, page by page. */
import type { RecoveryRef } from '../ledger/index.ts';
import type { Conveyor } from './conveyor.ts';
import { RECOVER } from './names.ts';

/** Adding one that is on its way changes nothing. Throws TransientError `queue_unavailable`. */
export async function addRecovery(conveyor: Conveyor, ref: RecoveryRef): Promise<void> {
  const { deliver } = conveyor.queues();
  await deliver.add(RECOVER as never, ref as never, {
    jobId: `recover-${ref.id}`,
    removeOnComplete: true,
    removeOnFail: true,
    stackTraceLimit: 0,
  });
}
