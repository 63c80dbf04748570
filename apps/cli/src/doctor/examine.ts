/**
 * Where ledger and queue disagree. With `fix` what is missing is put back and what is stale is taken away, as reconciler
 * and sweeps would; it decides no job: what needs a worker is left to one. What looks wrong is looked at once more,
 * because work goes on meanwhile.
 */
import { examineBatches } from './batches.ts';
import { examineCards, examineQueuedCards } from './cards.ts';
import { examineDeliveries, examineQueuedDeliveries } from './deliveries.ts';
import type { Examination, Findings } from './examination.ts';
import { examineIndex } from './listed.ts';
import { examineTenants } from './tenants.ts';

export async function examine(examination: Examination): Promise<Findings> {
  const findings: Findings = {
    pending: 0,
    undelivered: 0,
    missing_cards: [],
    missing_deliveries: [],
    stale_cards: [],
    stale_deliveries: [],
    stuck_deliveries: [],
    orphan_markers: [],
    uncommitted: [],
    unlisted: [],
    unseen_batches: [],
    batches_without_lines: [],
    abandoned_cards: [],
    unreadable: [],
    missing_records: [],
    left_to_workers: [],
    fixed: examination.fix,
  };
  await examineCards(examination, findings);
  await examineDeliveries(examination, findings);
  await examineQueuedCards(examination, findings);
  await examineQueuedDeliveries(examination, findings);
  await examineTenants(examination, findings);
  await examineIndex(examination, findings);
  await examineBatches(examination, findings);
  return findings;
}

/** How many findings there are, of every kind. */
export function disagreements({ left_to_workers: _countedElsewhere, ...findings }: Findings): number {
  return Object.values(findings).reduce((sum: number, value) => sum + (Array.isArray(value) ? value.length : 0), 0);
}

/** How many findings are not repaired. */
export function unmended(findings: Findings): number {
  return findings.fixed ? lost(findings).length + findings.left_to_workers.length : disagreements(findings);
}

/** What only an operator can repair, by restoring objects. */
export function lost({ batches_without_lines, unreadable, missing_records }: Findings): string[] {
  return [...batches_without_lines, ...unreadable, ...missing_records];
}
