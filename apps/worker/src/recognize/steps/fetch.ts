/** fetch: the sealed image of one side from the ledger, fitted if it exceeds a limit of the provider. */

import { DefectError, RejectedError } from '@cardseal/base/errors';
import { imageLimits } from '@cardseal/core/config';
import { pictureFailpoint } from '@cardseal/core/failpoints';
import type { ObjectSource, Side } from '@cardseal/core/job';
import { isAllowedSource } from '@cardseal/core/ledger';
import { assessImage, defaultImageLimits, fitImage, inspectImage } from '@cardseal/idcard/image';
import type { WorkerContext } from '../../context.ts';
import type { Work } from '../support/work.ts';

export interface FetchedImage {
  bytes: Buffer;
  /** What fitting changed; absent when nothing. */
  adjusted?: unknown;
}

/**
 * Throws RejectedError `image_unusable` when fitting cannot help, `source_unavailable` for a customer's bucket,
 * DefectError `picture_missing`.
 */
export async function fetchImage(
  { config, ledger, tenants }: WorkerContext,
  work: Work,
  side: Side,
): Promise<FetchedImage> {
  const source = work.request.sources?.[side];
  const bytes =
    (await work.sealed.image(side)) ??
    (source ? await readObject({ ledger, tenants }, work.tenant, source, config.MAX_IMAGE_BYTES) : null);
  if (!bytes) throw new DefectError('picture_missing', { fields: { job: work.job, side } });
  pictureFailpoint(bytes);
  const limits = { ...defaultImageLimits, ...imageLimits(config) };
  const facts = inspectImage(bytes);
  const assessment = assessImage(facts, bytes.length, limits, { fit: work.request.options.fit });
  if (assessment.kind === 'as-is') return { bytes };
  const fitted = await fitImage(bytes, facts, limits, { signal: work.signal });
  return { bytes: fitted.bytes, adjusted: fitted.adjusted };
}

/** The list is read again, because it may have changed since the batch was accepted. */
async function readObject(
  { ledger, tenants }: Pick<WorkerContext, 'ledger' | 'tenants'>,
  tenant: string,
  source: ObjectSource,
  maxBytes: number,
): Promise<Buffer> {
  const rules = (await tenants.get(tenant)).objectSources ?? [];
  if (!isAllowedSource(source, rules)) throw new RejectedError('source_unavailable');
  return ledger.intake.objectSources.read(source, maxBytes);
}
