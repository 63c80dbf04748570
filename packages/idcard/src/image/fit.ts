/**
 * Makes an image acceptable to the provider, in the worker, and only where `assessImage` found a limit broken. What
 * leaves here is an upright baseline JPEG in sRGB, without metadata, whose encoded length is at or just under the limit.
 */
import { assessImage } from './assess.ts';
import type { RawPixels } from './bmp-pixels.ts';
import { encodedLengthBound } from './encoded-length.ts';
import { type EncodingTrial, searchEncoding } from './encoding-search.ts';
import type { ImageFacts, ImageFormat } from './facts.ts';
import { inspectImage } from './inspect.ts';
import type { ImageLimits } from './limits.ts';
import { decodePixels, encodeJpeg, samplePixels } from './pixels.ts';
import { type FitReason, unusable } from './reasons.ts';

export interface Adjusted {
  reasons: FitReason[];
  /** The size of the image that was sent. Every box of a result is in these coordinates. */
  width: number;
  height: number;
  size_bytes: number;
  /** JPEG quality. */
  quality: number;
  /** The image sent is turned or mirrored against the stored one. */
  orientation_applied: boolean;
  original: { format: ImageFormat; width: number; height: number; size_bytes: number };
}

export interface FittedImage {
  bytes: Buffer;
  facts: ImageFacts;
  adjusted: Adjusted;
  /** For metrics and benchmarks. */
  encodes: number;
}

export interface FitOptions {
  signal?: AbortSignal;
  /** Characters that so many bytes of image become on the wire; `encodedLengthBound` if absent. */
  encodedLength?: (rawBytes: number) => number;
}

/** Where bytes are no concern, higher only grows the file. */
const plentyQuality = 95;
const usualQuality = 85;

/**
 * @param facts of these bytes, from `inspectImage`
 * @returns the fitted image. Without a broken limit it is shrunk all the same: the caller has measured more than the
 *   bound foretold.
 * @throws RejectedError `image_unusable` (hopeless by the limits, damaged, unsupported_bmp, cannot_shrink),
 *   TransientError `image_fit_timeout`, the signal's reason when aborted
 */
export async function fitImage(
  bytes: Uint8Array,
  facts: ImageFacts,
  limits: ImageLimits,
  options: FitOptions = {},
): Promise<FittedImage> {
  options.signal?.throwIfAborted();
  const reasons = reasonsToFit(bytes, facts, limits);
  const pixels = await decodePixels(bytes, facts, limits);
  if ((pixels.pages ?? 1) > 1) reasons.push('several_pages');
  const shortest = Math.min(pixels.widthPx, pixels.heightPx);
  const encodedLength = options.encodedLength ?? ((rawBytes) => encodedLengthBound(rawBytes));
  const shrinking = reasons.includes('too_many_bytes');
  let sample: typeof pixels | undefined;
  const encode: typeof encodeJpeg = (from, setting) => {
    options.signal?.throwIfAborted();
    return encodeJpeg(from, setting);
  };
  const { best, encodes } = await searchEncoding({
    encode: (setting) => encode(pixels, setting),
    sampleBytes: async (setting) => {
      sample ??= samplePixels(pixels);
      return (await encode(sample, setting)).length;
    },
    fillOf: (sizeBytes) => encodedLength(sizeBytes) / limits.maxEncodedBytes,
    firstQuality: shrinking ? usualQuality : plentyQuality,
    maxQuality: shrinking ? 100 : plentyQuality,
    minScale: Math.min(1, (limits.minSidePx + 1) / shortest),
  });
  if (best === undefined) throw unusable('cannot_shrink');
  return { bytes: best.bytes, encodes, ...describe(best, bytes, asRead(facts, pixels), reasons) };
}

/** The size of a PDF is known once its page is rendered. */
function asRead(facts: ImageFacts, { widthPx, heightPx }: RawPixels): ImageFacts {
  return facts.format === 'pdf' ? { ...facts, widthPx, heightPx } : facts;
}

function reasonsToFit(bytes: Uint8Array, facts: ImageFacts, limits: ImageLimits): FitReason[] {
  const assessment = assessImage(facts, bytes.byteLength, limits, { fit: true });
  if (assessment.kind === 'hopeless') throw unusable(assessment.reason);
  return assessment.kind === 'fit' ? assessment.reasons : ['too_many_bytes'];
}

function describe(best: EncodingTrial, original: Uint8Array, facts: ImageFacts, reasons: FitReason[]) {
  const fitted = inspectImage(best.bytes);
  const adjusted: Adjusted = {
    reasons,
    width: fitted.widthPx,
    height: fitted.heightPx,
    size_bytes: best.bytes.length,
    quality: best.setting.quality,
    orientation_applied: facts.orientation !== 1,
    original: { format: facts.format, width: facts.widthPx, height: facts.heightPx, size_bytes: original.byteLength },
  };
  return { facts: fitted, adjusted };
}
