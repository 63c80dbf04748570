/**
 * Failure codes that no retry of the same job can change: the provider or the inspection refused the image, or the image
 * is gone. Bulk retries use this list because they know only the codes. A retry of a single job stays possible.
 */
import { imageReasons } from '@cardseal/idcard/image';

/** The codes of a provider's refusal of an image. The tests of each provider compare its error table with this list. */
export const IMAGE_REFUSALS = [
  'card_not_found',
  'image_blank',
  'image_format_refused',
  'image_proportions_refused',
  'image_size_refused',
  'image_too_large',
  'image_unreadable',
] as const;

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
