/**
 * What the provider takes and what this service is willing to open. All of it is configuration: the provider has moved
 * its limits before, and several are known by inference only.
 */
import type { ImageFormat } from './facts.ts';

export interface ImageLimits {
  /** Accepted by the provider as they are. */
  readonly formats: readonly ImageFormat[];
  /** Characters of the encrypted image after base64 and urlencoding. */
  readonly maxEncodedBytes: number;
  readonly minSidePx: number;
  readonly maxSidePx: number;
  readonly acceptProgressive: boolean;
  readonly acceptCmyk: boolean;
  readonly acceptInterlaced: boolean;
  readonly accept16Bit: boolean;
  /** Bitmaps other than plain ones of 24 or 32 bits. */
  readonly acceptUncommonBmp: boolean;
  /** Images whose EXIF orientation mirrors them. */
  readonly acceptMirrored: boolean;
  /** Ours: what may be taken in to be fitted. */
  readonly maxInputBytes: number;
  readonly maxInputPixels: number;
  readonly maxInputSidePx: number;
}

/**
 * Official: the formats, "4 M" after base64 and urlencoding (read strictly as 4,000,000), sides of 15 to 4096 px.
 * Inferred: that the provider refuses progressive, CMYK, interlaced and 16-bit images, and bitmaps below 24 bits.
 * Integrators report it; the provider's page does not say. Converting is the safe choice: a fitted image loses next to
 * nothing (its quality is as high as the bytes allow), while a refused call costs the job. Mirrored text cannot be read,
 * whatever the provider does with EXIF; the provider reads turned images itself.
 * Ours: 50 megapixels cover every phone's default mode and bound a worker's memory to about 150 MB per image.
 */
export const defaultImageLimits: ImageLimits = Object.freeze({
  formats: Object.freeze(['jpeg', 'png', 'bmp'] as const),
  maxEncodedBytes: 4_000_000,
  minSidePx: 15,
  maxSidePx: 4096,
  acceptProgressive: false,
  acceptCmyk: false,
  acceptInterlaced: false,
  accept16Bit: false,
  acceptUncommonBmp: false,
  acceptMirrored: false,
  maxInputBytes: 40 * 1024 * 1024,
  maxInputPixels: 50_000_000,
  maxInputSidePx: 16_384,
});
