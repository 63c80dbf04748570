/**
 * Failure codes that no retry of the same job can change: the provider or the inspection refused the image, or the image
 * is gone. Bulk retries use this list because they know only the codes. A retry of a single job stays possible.
 */
import { imageReasons } from '@cardseal/idcard/image';
import { IMAGE_REFUSALS } from '../provider/index.ts';

const FINAL: ReadonlySet<string> = new Set([
  ...IMAGE_REFUSALS,
  ...imageReasons,
  'image_unusable',
  'image_rejected',
  'picture_missing',
]);

export function isFinalFailure(code: string): boolean {
  return FINAL.has(code);
}
