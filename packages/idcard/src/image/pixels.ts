/**
 * The only file that touches the image library: bytes to pixels and pixels to JPEG. The library is loaded on first use,
 * so that the API, which never decodes, never loads it either. It decides nothing about quality.
 */

import { DefectError, RejectedError, TransientError } from '@cardseal/base/errors';
import type { Sharp } from 'sharp';
import { decodeBmp, type RawPixels } from './bmp-pixels.ts';
import type { EncodingSetting } from './encoding-search.ts';
import { type ImageFacts, isMirrored, type Orientation } from './facts.ts';
import { needsRepair, type RepairedJpeg, repairJpeg } from './jpeg-repair.ts';
import type { ImageLimits } from './limits.ts';
import { pdfSidePx } from './pdf-header.ts';
import { defaultPdfLimits, renderPdf } from './pdf-pixels.ts';
import { unusable } from './reasons.ts';

/** Generous: an ordinary 12-megapixel photo takes a quarter of a second; a hostile one can have a hundred scans. */
const decodeTimeoutMs = 30_000;

/** What the library may load from bytes: the formats that `inspectImage` accepts, and no other. */
const loaders = ['Jpeg', 'Png', 'Webp', 'Tiff', 'Heif'].map((name) => `VipsForeignLoad${name}`);

/** One thread per image and no cache: workers get parallelism from the queue, and images never repeat. */
async function loadLibrary() {
  const { default: sharp } = await import('sharp');
  sharp.concurrency(1);
  sharp.cache(false);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: loaders });
  return sharp;
}

/**
 * @returns upright sRGB or grey pixels of 8 bits, transparency on white, no side above `limits.maxSidePx`; the first page
 *   or frame where there are several
 * @throws RejectedError `image_unusable`: damaged, truncated, unsupported_bmp, locked_pdf; TransientError `image_fit_timeout`
 */
export async function decodePixels(bytes: Uint8Array, facts: ImageFacts, limits: ImageLimits): Promise<RawPixels> {
  const sharp = await loadLibrary();
  const decode = (opened: Sharp) => readRaw(normalise(opened, facts, limits));
  if (facts.format === 'bmp') {
    const bitmap = decodeBmp(bytes);
    const fits = Math.max(facts.widthPx, facts.heightPx) <= limits.maxSidePx;
    return fits ? bitmap : await decode(sharp(bitmap.data, { raw: rawShape(bitmap) }));
  }
  if (facts.format === 'pdf') {
    const { data, widthPx, heightPx, pages } = await renderPdf(bytes, {
      ...defaultPdfLimits,
      maxSidePx: Math.min(pdfSidePx, limits.maxSidePx),
    });
    if (Math.min(widthPx, heightPx) < limits.minSidePx) throw unusable('too_elongated');
    const shape = { width: widthPx, height: heightPx, channels: 4 } as const;
    return { ...(await decode(sharp(data, { raw: shape }))), pages };
  }
  const open = (from: Uint8Array) =>
    sharp(from, { failOn: 'error', limitInputPixels: limits.maxInputPixels, sequentialRead: true, page: 0, pages: 1 });
  if (!needsRepair(facts)) return await decode(open(bytes));
  return await decodeRepaired(repairJpeg(bytes, facts), (from) => decode(open(from)));
}

/** Decoders fill missing rows with grey and give no reliable sign of it, so the noise of `repairJpeg` has to show it. */
async function decodeRepaired(
  { bytes, withNoise }: RepairedJpeg,
  decode: (bytes: Uint8Array) => Promise<RawPixels>,
): Promise<RawPixels> {
  if (withNoise === undefined) return await decode(bytes);
  const cut = (cause: unknown) => {
    throw cause instanceof RejectedError ? unusable('truncated', {}, cause) : cause;
  };
  const pixels = await decode(bytes).catch(cut);
  const noisy = await decode(withNoise).catch(cut);
  if (!pixels.data.equals(noisy.data)) throw unusable('truncated');
  return pixels;
}

/**
 * Turns the image by the orientation that `inspectImage` read, because the library does not read every integer type.
 * Mirroring comes before turning here, whatever the order of the calls.
 */
function normalise(image: Sharp, { orientation, colorModel }: ImageFacts, { maxSidePx }: ImageLimits): Sharp {
  const space = colorModel === 'grey' || colorModel === 'grey-alpha' ? 'b-w' : 'srgb';
  const sized = image.resize({ width: maxSidePx, height: maxSidePx, fit: 'inside', withoutEnlargement: true });
  const mirrored = isMirrored(orientation) ? sized.flop() : sized;
  return mirrored
    .rotate(clockwise[orientation])
    .flatten({ background: '#ffffff' })
    .timeout({ seconds: decodeTimeoutMs / 1000 })
    .toColourspace(space);
}

/** Degrees to turn, after mirroring left to right where the orientation mirrors. */
const clockwise: Readonly<Record<Orientation, number>> = { 1: 0, 2: 0, 3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270 };

async function readRaw(picture: Sharp): Promise<RawPixels> {
  const started = performance.now();
  try {
    const { data, info } = await picture.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return { data, widthPx: info.width, heightPx: info.height, channels: info.channels === 1 ? 1 : 3 };
  } catch (cause) {
    // The library distinguishes its errors by text only, so the elapsed time decides.
    if (performance.now() - started >= decodeTimeoutMs) throw new TransientError('image_fit_timeout', { cause });
    throw unusable('damaged', {}, cause);
  }
}

/** Baseline, for the provider's sake. */
export async function encodeJpeg(pixels: RawPixels, setting: EncodingSetting): Promise<Buffer> {
  const sharp = await loadLibrary();
  const { quality, quantisationTable, subsampled, trellis, scale } = setting;
  const chromaSubsampling = subsampled ? '4:2:0' : '4:4:4';
  const space = pixels.channels === 1 ? 'b-w' : 'srgb';
  const opened = sharp(pixels.data, { raw: rawShape(pixels) }).toColourspace(space);
  const sized =
    scale === 1
      ? opened
      : opened.resize({
          width: Math.max(1, Math.round(pixels.widthPx * scale)),
          height: Math.max(1, Math.round(pixels.heightPx * scale)),
          fit: 'fill',
        });
  try {
    return await sized.jpeg({ quality, quantisationTable, chromaSubsampling, trellisQuantisation: trellis }).toBuffer();
  } catch (cause) {
    throw new DefectError('image_encoding_failed', { cause });
  }
}

/** Bands of whole JPEG blocks from all over the image, an eighth of it. @returns the image itself if it is small */
export function samplePixels(pixels: RawPixels): RawPixels {
  const { data, widthPx, heightPx, channels } = pixels;
  if (heightPx < 8 * bandRows) return pixels;
  const rowBytes = widthPx * channels;
  const bands: Buffer[] = [];
  for (let y = 0; y + bandRows <= heightPx; y += 8 * bandRows) {
    bands.push(data.subarray(y * rowBytes, (y + bandRows) * rowBytes));
  }
  return { data: Buffer.concat(bands), widthPx, heightPx: bands.length * bandRows, channels };
}

/** The height of a block of blocks where chroma is subsampled. */
const bandRows = 16;

function rawShape(pixels: RawPixels) {
  return { width: pixels.widthPx, height: pixels.heightPx, channels: pixels.channels };
}
