/**
 * Why an image cannot be used, or had to be fitted, as stable codes with a sentence each for the person who took it.
 * The API uses it in problem documents, the worker in the `adjusted` part of a result. It never describes the content.
 */
import { type CardsealError, RejectedError } from '@cardseal/base/errors';

/** What `fitImage` changes so that the provider can read the image. */
export type FitReason =
  | 'too_many_bytes'
  | 'side_too_long'
  | 'cmyk'
  | 'progressive'
  | 'interlaced'
  | 'bit_depth'
  | 'uncommon_bmp'
  | 'mirrored'
  | 'no_end_marker'
  | 'late_height'
  | 'several_pages'
  | 'format_not_accepted';

/** The customer has to send another image. */
export type UnusableReason =
  | 'empty'
  | 'not_an_image'
  | 'unsupported_format'
  | 'unsupported_heic'
  | 'unsupported_bmp'
  | 'locked_pdf'
  | 'truncated'
  | 'damaged'
  | 'dimensions_lie'
  | 'side_too_short'
  | 'too_elongated'
  | 'too_many_pixels'
  | 'input_too_large'
  | 'cannot_shrink';

export type ImageReason = FitReason | UnusableReason;

const sentences: Readonly<Record<ImageReason, string>> = {
  too_many_bytes: 'The file is too large. Send it with stronger JPEG compression, or allow it to be fitted.',
  side_too_long: 'The image has too many pixels on its longer side. Scale it down, or allow it to be fitted.',
  cmyk: 'The image has print colours (CMYK). Save it as an RGB JPEG, or allow it to be fitted.',
  progressive: 'The image is a progressive JPEG. Save it as a baseline JPEG, or allow it to be fitted.',
  interlaced: 'The image is an interlaced PNG. Save it without interlacing, or allow it to be fitted.',
  bit_depth: 'The image has more than 8 bits per colour. Save it with 8 bits, or allow it to be fitted.',
  uncommon_bmp: 'The image is not a plain 24-bit or 32-bit BMP. Save it as a JPEG or PNG, or allow it to be fitted.',
  mirrored: 'The image is stored mirrored. Save it the right way round, or allow it to be fitted.',
  no_end_marker: 'The JPEG has no end marker. Save the image again, or allow it to be fitted.',
  late_height: 'The JPEG states its height at its end. Save the image again, or allow it to be fitted.',
  several_pages: 'The file has more than one page or frame. Send one image, or allow the first one to be used.',
  format_not_accepted: 'This kind of image is not accepted here. Send a JPEG, or allow it to be fitted.',
  empty: 'The file is empty. Take or choose the image again.',
  not_an_image: 'The file is not an image. Send a JPEG, PNG, BMP, WebP, TIFF, AVIF or PDF of the card.',
  unsupported_format:
    'This kind of image is not supported. Send a JPEG, PNG, BMP, WebP, TIFF, AVIF or PDF of the card.',
  unsupported_heic:
    'HEIC images cannot be read. Send a JPEG: on an iPhone, set Settings > Camera > Formats to Most Compatible, or export the image as JPEG.',
  locked_pdf: 'The PDF is locked with a password. Send a PDF without a password, or an image of the card.',
  unsupported_bmp: 'This kind of BMP cannot be converted. Send a JPEG or PNG of the card.',
  truncated: 'The file ends too early, as after an interrupted upload. Send it again.',
  damaged: 'The file is damaged. Take or save the image again.',
  dimensions_lie: 'The size stated in the file does not match its content. Save the image again.',
  side_too_short: 'The image is too small. Take it again, closer or with a higher resolution.',
  too_elongated: 'The image is a narrow strip. Crop it to the card and send it again.',
  too_many_pixels: 'The image has more pixels than can be handled. Scale it down and send it again.',
  input_too_large: 'The file is larger than can be handled. Save it as a JPEG and send it again.',
  cannot_shrink: 'The image cannot be made small enough to be read. Crop it to the card and send it again.',
};

/** One English sentence that an end user can act on. */
export function describeImageReason(reason: ImageReason): string {
  return sentences[reason];
}

/** Every code that `describeImageReason` knows, for docs and schemas. */
export const imageReasons = Object.freeze(Object.keys(sentences)) as readonly ImageReason[];

/** @returns the error behind 422 `image_unusable`; `fields.reason` is the code, `fields.format` names a known other format. */
export function unusable(
  reason: ImageReason,
  more: Readonly<Record<string, string | number>> = {},
  cause?: unknown,
): CardsealError {
  return new RejectedError('image_unusable', { fields: { reason, ...more }, cause });
}
