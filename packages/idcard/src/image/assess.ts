/**
 * Decides from facts alone whether an image goes to the provider as it is, has to be fitted, or is hopeless. Pure, so
 * that the API can refuse at once and the worker comes to the same answer.
 */
import { encodedLengthBound } from './encoded-length.ts';
import { type ImageFacts, isMirrored } from './facts.ts';
import type { ImageLimits } from './limits.ts';
import { describeImageReason, type FitReason, type ImageReason } from './reasons.ts';

export type Assessment =
  | { kind: 'as-is' }
  /** At least one reason, in a fixed order. */
  | { kind: 'fit'; reasons: FitReason[] }
  /** `detail` is the sentence for the end user. */
  | { kind: 'hopeless'; reason: ImageReason; detail: string };

/**
 * @param sizeBytes of the file
 * @param options.fit false when the customer wants no image changed: an image that needs fitting is then refused
 */
export function assessImage(
  facts: ImageFacts,
  sizeBytes: number,
  limits: ImageLimits,
  options: { fit: boolean },
): Assessment {
  const dead = hopelessReason(facts, sizeBytes, limits);
  if (dead !== undefined) return hopeless(dead);
  const reasons = fitReasons(facts, sizeBytes, limits);
  const [first] = reasons;
  if (first === undefined) return { kind: 'as-is' };
  return options.fit ? { kind: 'fit', reasons } : hopeless(first);
}

function hopeless(reason: ImageReason): Assessment {
  return { kind: 'hopeless', reason, detail: describeImageReason(reason) };
}

function hopelessReason(facts: ImageFacts, sizeBytes: number, limits: ImageLimits): ImageReason | undefined {
  const longest = Math.max(facts.widthPx, facts.heightPx);
  const shortest = Math.min(facts.widthPx, facts.heightPx);
  if (sizeBytes > limits.maxInputBytes) return 'input_too_large';
  if (longest > limits.maxInputSidePx || longest * shortest > limits.maxInputPixels) return 'too_many_pixels';
  if (shortest < limits.minSidePx) return 'side_too_short';
  const scale = Math.min(1, limits.maxSidePx / longest);
  return Math.floor(shortest * scale) < limits.minSidePx ? 'too_elongated' : undefined;
}

function fitReasons(facts: ImageFacts, sizeBytes: number, limits: ImageLimits): FitReason[] {
  const broken: Record<FitReason, boolean> = {
    format_not_accepted: !limits.formats.includes(facts.format),
    side_too_long: Math.max(facts.widthPx, facts.heightPx) > limits.maxSidePx,
    too_many_bytes: encodedLengthBound(sizeBytes, facts.format === 'bmp') > limits.maxEncodedBytes,
    cmyk: facts.colorModel === 'cmyk' && !limits.acceptCmyk,
    progressive: facts.progressive && !limits.acceptProgressive,
    interlaced: facts.interlaced && !limits.acceptInterlaced,
    bit_depth: facts.bitDepth > 8 && !limits.accept16Bit,
    uncommon_bmp: facts.uncommonBmp === true && !limits.acceptUncommonBmp,
    mirrored: isMirrored(facts.orientation) && !limits.acceptMirrored,
    no_end_marker: facts.noEndMarker === true,
    late_height: facts.lateHeight === true,
    several_pages: facts.severalPages === true,
  };
  return (Object.keys(broken) as FitReason[]).filter((reason) => broken[reason]);
}
