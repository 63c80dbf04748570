/**
 * Finds where ledger and queues disagree. With `fix` it repairs as the reconciler and the sweeps would, but it never
 * decides a job: that is left to a worker. It reads a suspicious state twice, because workers run at the same time.
 */
import { examineBatches } from './batches.ts';
import { examineDeliveries, examineQueuedDeliveries } from './deliveries.ts';
import { examineIndex } from './index-names.ts';
import { examineJobs, examineQueuedJobs } from './jobs.ts';
import type { DoctorContext, DoctorReport } from './report.ts';
import { examineTenants } from './tenants.ts';

export async function examine(context: DoctorContext): Promise<DoctorReport> {
  const report: DoctorReport = {
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
    fixed: context.fix,
  };
  await examineJobs(context, report);
  await examineDeliveries(context, report);
  await examineQueuedJobs(context, report);
  await examineQueuedDeliveries(context, report);
  await examineTenants(context, report);
  await examineIndex(context, report);
  await examineBatches(context, report);
  return report;
}

/** How many findings there are, of every kind. */
export function countFindings({ left_to_workers: _countedElsewhere, ...report }: DoctorReport): number {
  return Object.values(report).reduce((sum: number, value) => sum + (Array.isArray(value) ? value.length : 0), 0);
}

/** How many findings are not repaired. */
export function countUnrepaired(report: DoctorReport): number {
  return report.fixed ? needRestore(report).length + report.left_to_workers.length : countFindings(report);
}

/** The findings that only an operator can repair, by restoring objects. */
export function needRestore({ batches_without_lines, unreadable, missing_records }: DoctorReport): string[] {
  return [...batches_without_lines, ...unreadable, ...missing_records];
}
