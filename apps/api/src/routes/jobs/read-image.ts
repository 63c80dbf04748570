/**
 * The image of one side as it was submitted, while it is stored. Each read is in the audit log before the bytes leave the
 * process; a read that cannot be recorded does not happen.
 */
import { CardsealError, RejectedError } from '@cardseal/base/errors';
import type { JobId, Side } from '@cardseal/core/job';
import { assertRequestKept } from '@cardseal/core/ledger';
import { type ImageFormat, inspectImage } from '@cardseal/idcard/image';
import type { ApiContext } from '../../context.ts';
import type { Caller } from '../../http/auth/index.ts';
import { Problem } from '../../http/problems/index.ts';

export interface StoredImage {
  bytes: Buffer;
  contentType: string;
}

/**
 * Throws Problem `not_found` (no such job or side), `job_erased`, or `image_gone`: deleted after the outcome, or read from
 * a bucket of the tenant and never stored.
 */
export async function readImage(
  { ledger }: Pick<ApiContext, 'ledger'>,
  { tenant, apiKeyId }: Pick<Caller, 'tenant' | 'apiKeyId'>,
  job: JobId,
  side: Side,
  requestId: string,
): Promise<StoredImage> {
  const inventory = await ledger.jobs.inventory(tenant, job);
  if (inventory.erased) throw new Problem('job_erased');
  assertRequestKept(inventory, tenant, job);
  if (!inventory.committed) throw new Problem('not_found');
  const sealed = await ledger.jobs.open(tenant, job);
  const [request, bytes] = await Promise.all([sealed?.request(), sealed?.image(side)]);
  if (!request?.sides.includes(side)) throw new Problem('not_found');
  if (!bytes) throw new Problem('image_gone');
  await record(ledger, { who: apiKeyId, target: { tenant, job, side }, detail: { request_id: requestId } });
  return { bytes, contentType: typeOf(bytes) };
}

type Read = Pick<Parameters<ApiContext['ledger']['operators']['audit']['append']>[0], 'who' | 'target' | 'detail'>;

async function record({ operators: { audit } }: ApiContext['ledger'], read: Read): Promise<void> {
  try {
    await audit.append({ ...read, role: 'api_key', action: 'image.read', reason: null });
  } catch (error) {
    if (!(error instanceof CardsealError) || error.code !== 'audit_busy') throw error;
    throw new Problem('store_unavailable', 'The read could not be recorded in the audit log. Try again.');
  }
}

const contentTypes: Readonly<Record<ImageFormat, string>> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  bmp: 'image/bmp',
  webp: 'image/webp',
  tiff: 'image/tiff',
  avif: 'image/avif',
  pdf: 'application/pdf',
};

/** By content, as for everything that is submitted. */
function typeOf(bytes: Buffer): string {
  try {
    return contentTypes[inspectImage(bytes).format];
  } catch (error) {
    if (error instanceof RejectedError) return 'application/octet-stream';
    throw error;
  }
}
