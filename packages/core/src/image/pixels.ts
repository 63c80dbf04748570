/**
 * The only file that touches the image library: bytes to pixels and pixels to JPEG. The library is loaded on first use,
 * so that the API, which never decodes, never loads it either. It decides nothing about quality.
 */
import type { Sharp } from 'sharp';
import { DefectError, TransientError } from '../errors/index.ts';
import { decodeBmp, type RawPixels } from './bmp-pixels.ts';
import type { EncodingSetting } from './encoding-search.ts';
import type { ImageFacts } from './facts.ts';
import type { ImageLimits } from './limits.ts';
import { unusable } from './reasons.ts';

/** Generous: an ordinary 12-megapixel photo takes a quarter of a second; a hostile one can have a hundred scans. */
const decodeTimeoutMs = 30_000;

/** One thread per picture and no cache: workers take their parallelism from the queue, and pictures never repeat. */
async function loadLibrary() {
  const { default: sharp } = await import('sharp');
  sharp.concurrency(1);
  sharp.cache(false);
  return sharp;
}

/**
 * @returns upright sRGB or grey pixels of 8 bits, transparency on white, no side above `limits.maxSidePx`
 * @throws RejectedError `image_unusable`: damaged, unsupported_bmp; TransientError `image_fit_timeout`
 */
export async function decodePixels(bytes: Uint8Array, facts: ImageFacts, limits: ImageLimits): Promise<RawPixels> {
  const sharp = await loadLibrary();
  const bitmap = facts.format === 'bmp' ? decodeBmp(bytes) : undefined;
  const opened = bitmap
    ? sharp(bitmap.data, { raw: rawShape(bitmap) })
    : sharp(bytes, { failOn: 'error', limitInputPixels: limits.maxInputPixels, sequentialRead: true });
  const longest = Math.max(facts.widthPx, facts.heightPx);
  if (bitmap && longest <= limits.maxSidePx) return bitmap;
  const space = facts.colorModel === 'grey' || facts.colorModel === 'grey-alpha' ? 'b-w' : 'srgb';
  return await readRaw(normalise(opened, limits.maxSidePx).toColourspace(space));
}

function normalise(picture: Sharp, maxSidePx: number): Sharp {
  return picture
    .autoOrient()
    .resize({ width: maxSidePx, height: maxSidePx, fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#ffffff' })
    .timeout({ seconds: decodeTimeoutMs / 1000 });
}

async function readRaw(picture: Sharp): Promise<RawPixels> {
  const started = performance.now();
  try {
    const { data, info } = await picture.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return { data, widthPx: info.width, heightPx: info.height, channels: info.channels === 1 ? 1 : 3 };
  } catch (cause) {
    // The library tells its errors apart by text only; the clock is the surer witness.
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

/** Bands of whole JPEG blocks from all over the picture, an eighth of it. @returns the picture itself if it is small */
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
