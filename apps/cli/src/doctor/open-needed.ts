/** Opens what an open generation needs: the request, and the outcome or the reply or image of each side. */
import type { JobRequest, Side } from '@cardseal/core/job';
import type { OpenedWork, PendingMarker } from '@cardseal/core/ledger';
import { noteMissing } from './notes.ts';
import type { DoctorContext, DoctorReport } from './report.ts';

/**
 * Returns null when the generation needs nothing any more: it was erased, withdrawn or decided since. Throws DefectError
 * for an object that does not open, and for a missing key.
 */
export async function openNeeded(
  { ledger }: DoctorContext,
  { tenant, job, generation }: PendingMarker,
  report: DoctorReport,
): Promise<JobRequest | null> {
  const opened = await ledger.jobs.openForWork(tenant, job);
  if (!opened) return null;
  const { sealed, request, inventory } = opened;
  const isDecided = inventory.decided.includes(generation);
  const parts = isDecided
    ? [{ name: `outcome.${generation}`, read: () => sealed.outcome(generation) }]
    : request.sides.flatMap((side) => partsOf(opened, side));
  for (const { name, read } of parts) {
    if (await read()) continue;
    // A worker may have decided the generation since, and removed the images.
    const now = await ledger.jobs.inventory(tenant, job);
    if (now.erased || !now.open.includes(generation) || (!isDecided && now.decided.includes(generation))) return null;
    noteMissing(report, `jobs/${tenant}/${job}/${name}`);
  }
  return request;
}

/** A side with a reply needs no image; the image of a side with a source is in the customer's bucket. */
function partsOf({ sealed, request, inventory }: OpenedWork, side: Side) {
  if (inventory.replies.includes(side)) return [{ name: `${side}.reply`, read: () => sealed.reply(side) }];
  if (request.sources?.[side]) return [];
  return [{ name: `${side}.image`, read: () => sealed.image(side) }];
}
