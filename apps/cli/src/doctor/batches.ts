/** Batches against their lines and their markers. */
import { type BatchHead, type BatchRound, SYSTEM_TENANT } from '@cardseal/core/ledger';
import { noteDefect } from './broken.ts';
import type { Examination, Findings } from './examination.ts';

const HOUR_MS = 3_600_000;

export async function examineBatches(examination: Examination, findings: Findings): Promise<void> {
  const { ledger, clock, hours } = examination;
  for await (const round of ledger.intake.batches.open()) {
    await noteDefect(findings, round.id, async () => {
      const decided = await ledger.intake.batches.decisionOf(round);
      if (decided === null || decided === 'withdrawn') return;
      if (await lacksLines(examination, round, decided)) findings.batches_without_lines.push(round.id);
    });
  }
  for (const tenant of await ledger.tenants.records.ids(SYSTEM_TENANT)) {
    for await (const { id, head, open } of ledger.intake.batches.since(tenant, clock.now() - hours * HOUR_MS)) {
      if (!open) await examineClosed(examination, { tenant, id, round: head.round }, findings);
    }
  }
}

/** Whoever drops lines that are needed no more says so first: so what they are needed for is asked last. */
async function lacksLines({ ledger }: Examination, { tenant, id }: BatchRound, head: BatchHead): Promise<boolean> {
  const before = await ledger.intake.batches.status(tenant, id);
  if (before.expanded || before.cancelAsked || before.end !== null) return false;
  if ((await unreadableChunks(ledger, { tenant, id }, head)) === 0) return false;
  const { expanded, cancelAsked, end } = await ledger.intake.batches.status(tenant, id);
  return !expanded && !cancelAsked && end === null;
}

/** Opens each chunk while the batch is not expanded; later no process reads a line. Throws DefectError for a broken one. */
async function unreadableChunks(
  { intake: { batches } }: Examination['ledger'],
  { tenant, id }: Pick<BatchRound, 'tenant' | 'id'>,
  head: BatchHead,
): Promise<number> {
  let missing = 0;
  for (let at = 0; at < head.chunks; at++) if ((await batches.chunk(tenant, id, head, at)) === null) missing++;
  return missing;
}

async function examineClosed({ ledger, fix }: Examination, round: BatchRound, findings: Findings): Promise<void> {
  const { end } = await ledger.intake.batches.status(round.tenant, round.id);
  if (end !== null) return;
  findings.unseen_batches.push(round.id);
  if (fix) await ledger.intake.batches.reopen(round);
}
