/** A crop of one side: the portrait, or the card cut out of the image. It exists only if the job requested it. */
import type { JobId, Side } from '@cardseal/core/job';
import { assertRequestKept, type Crop } from '@cardseal/core/ledger';
import type { ApiContext } from '../../context.ts';

export interface CropAnswer {
  bytes: Buffer;
  contentType: 'image/jpeg' | 'image/png' | 'application/octet-stream';
}

/** null when the crop does not exist: not requested, not found in the image, not there yet, or erased. */
export async function readCrop(
  { ledger }: ApiContext,
  tenant: string,
  job: JobId,
  side: Side,
  crop: Crop,
): Promise<CropAnswer | null> {
  const inventory = await ledger.jobs.inventory(tenant, job);
  assertRequestKept(inventory, tenant, job);
  if (!inventory.committed || inventory.erased) return null;
  const sealed = await ledger.jobs.open(tenant, job);
  const bytes = await sealed?.crop(side, crop);
  return bytes ? { bytes, contentType: typeOf(bytes) } : null;
}

function typeOf(bytes: Buffer): CropAnswer['contentType'] {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return 'image/jpeg';
  return bytes.readUInt32BE(0) === 0x89504e47 ? 'image/png' : 'application/octet-stream';
}
