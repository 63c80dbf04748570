/** Opens what an open generation still needs: its request, and its outcome or the reply or image of each side. */
import type { JobRequest, Side } from '@cardseal/core/job';
import type { OpenedWork, PendingMarker } from '@cardseal/core/ledger';
import { noteMissing } from './broken.ts';
import type { Examination, Findings } from './examination.ts';

/**
 * null when nothing is left to do: erased or withdrawn meanwhile. Throws DefectError for a part that does not open, and for
 * a key that is missing.
 */
export async function openNeeded(
  { ledger }: Examination,
  { tenant, job, generation }: PendingMarker,
  findings: Findings,
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
    noteMissing(findings, `jobs/${tenant}/${job}/${name}`);
  }
  return request;
}

/** A side with a reply needs no image; the image of a side with a source lies in the customer's bucket. */
function partsOf({ sealed, request, inventory }: OpenedWork, side: Side) {
  if (inventory.replies.includes(side)) return [{ name: `${side}.reply`, read: () => sealed.reply(side) }];
  if (request.sources?.[side]) return [];
  return [{ name: `${side}.image`, read: () => sealed.image(side) }];
}
