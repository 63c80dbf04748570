/** Compares batches with their lines and their markers. */
import { type BatchHead, type BatchRound, SYSTEM_TENANT } from '@cardseal/core/ledger';
import { noteDefect } from './notes.ts';
import type { DoctorContext, DoctorReport } from './report.ts';

const HOUR_MS = 3_600_000;

export async function examineBatches(context: DoctorContext, report: DoctorReport): Promise<void> {
  const { ledger, clock, hours } = context;
  for await (const round of ledger.intake.batches.open()) {
    await noteDefect(report, round.id, async () => {
      const decided = await ledger.intake.batches.decisionOf(round);
      if (decided === null || decided === 'withdrawn') return;
      if (await lacksLines(context, round, decided)) report.batches_without_lines.push(round.id);
    });
  }
  for (const tenant of await ledger.tenants.records.ids(SYSTEM_TENANT)) {
    for await (const { id, head, open } of ledger.intake.batches.since(tenant, clock.now() - hours * HOUR_MS)) {
      if (!open) await examineClosed(context, { tenant, id, round: head.round }, report);
    }
  }
}

/**
 * Race: a process that no longer needs the lines writes the new status first and then deletes the lines. So this reads
 * the lines first and the status again afterwards: missing lines count only if the status still needs them.
 */
async function lacksLines({ ledger }: DoctorContext, { tenant, id }: BatchRound, head: BatchHead): Promise<boolean> {
  const before = await ledger.intake.batches.status(tenant, id);
  if (before.expanded || before.cancelAsked || before.end !== null) return false;
  if ((await unreadableChunks(ledger, { tenant, id }, head)) === 0) return false;
  const { expanded, cancelAsked, end } = await ledger.intake.batches.status(tenant, id);
  return !expanded && !cancelAsked && end === null;
}

/** Opens each chunk and returns how many are missing. Throws DefectError for a chunk that does not open. */
async function unreadableChunks(
  { intake: { batches } }: DoctorContext['ledger'],
  { tenant, id }: Pick<BatchRound, 'tenant' | 'id'>,
  head: BatchHead,
): Promise<number> {
  let missing = 0;
  for (let at = 0; at < head.chunks; at++) if ((await batches.chunk(tenant, id, head, at)) === null) missing++;
  return missing;
}

async function examineClosed({ ledger, fix }: DoctorContext, round: BatchRound, report: DoctorReport): Promise<void> {
  const { end } = await ledger.intake.batches.status(round.tenant, round.id);
  if (end !== null) return;
  report.unseen_batches.push(round.id);
  if (fix) await ledger.intake.batches.reopen(round);
}
