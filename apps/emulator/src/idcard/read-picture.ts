// Reads a card from the pixels of an image: format, size, the mark, and how the image is rotated and scaled.
// It caches readings by hash, because benchmarks repeat images. It never keeps the image itself.
import sharp, { type Sharp } from 'sharp';
import { bmpSize, decodeBmp } from '../cards/bmp.ts';
import { MARK_BOXES } from '../cards/layout.ts';
import { decodeMark, type Mark } from '../cards/mark.ts';
import { type FoundSymbol, findSymbol } from '../cards/symbol.ts';
import type { PictureBounds } from '../config.ts';
import { ProviderError } from './errors.ts';
import { type Placement, placementOf } from './placement.ts';

/** The content of an image. */
export interface Reading {
  width: number;
  height: number;
  /** Absent if the image shows no card. */
  card?: { mark: Mark; placement: Placement };
}

export interface PictureReader {
  /** Throws ProviderError 216201 for an unknown format, or 216202 for sides out of bounds. */
  read(picture: Buffer, sha256: string, bounds: PictureBounds): Promise<Reading>;
}

const KEPT_READINGS = 4096;
/** A mark needs about 2.5 pixels per module. A larger image is first searched at a reduced size, because that is faster. */
const SEARCH_SIDE_PX = 1400;
const SMALL_SIDE_PX = 900;

export function createPictureReader(): PictureReader {
  const kept = new Map<string, Promise<Reading>>();
  return {
    async read(picture, sha256, bounds) {
      const key = `${sha256} ${bounds.maxSidePx}`;
      const reading = kept.get(key) ?? readPicture(picture, bounds);
      kept.delete(key);
      kept.set(key, reading);
      const oldest = kept.keys().next().value;
      if (kept.size > KEPT_READINGS && oldest !== undefined) kept.delete(oldest);
      return reading;
    },
  };
}

/** Opens an image of any accepted format with sharp. Throws ProviderError 216201. */
export function openPicture(picture: Buffer): Sharp {
  if (bmpSize(picture)) {
    const raw = decodeBmp(picture);
    if (!raw) throw new ProviderError(216201);
    return sharp(raw.data, { raw: { width: raw.width, height: raw.height, channels: 3 } });
  }
  const jpeg = picture[0] === 0xff && picture[1] === 0xd8;
  const png = picture.toString('latin1', 1, 4) === 'PNG';
  if (!jpeg && !png) throw new ProviderError(216201);
  return sharp(picture);
}

async function readPicture(picture: Buffer, bounds: PictureBounds): Promise<Reading> {
  try {
    const size = bmpSize(picture) ?? (await openPicture(picture).metadata());
    checkBounds(size, bounds);
    const { width, height } = size;
    for (const scale of searchScales(Math.max(width, height))) {
      const found = await searchAt(picture, width, height, scale);
      const mark = found && decodeMark(found.bytes);
      if (mark) return { width, height, card: { mark, placement: placementOf(found, MARK_BOXES[mark.side]) } };
    }
    return { width, height };
  } catch (error) {
    throw error instanceof ProviderError ? error : new ProviderError(216201);
  }
}

function searchScales(longSidePx: number): number[] {
  if (longSidePx > SEARCH_SIDE_PX) return [SEARCH_SIDE_PX / longSidePx, 1];
  return longSidePx < SMALL_SIDE_PX ? [1, 2] : [1];
}

async function searchAt(
  picture: Buffer,
  width: number,
  height: number,
  scale: number,
): Promise<FoundSymbol | undefined> {
  const image = openPicture(picture);
  const [toWidth, toHeight] = [Math.round(width * scale), Math.round(height * scale)];
  const sized = scale === 1 ? image : image.resize(toWidth, toHeight, { fit: 'fill' });
  const { data, info } = await sized
    .flatten({ background: '#ffffff' })
    .toColourspace('b-w')
    .extractChannel(0)
    .raw()
    .toBuffer({ resolveWithObject: true });
  const found = await findSymbol(data, info.width, info.height);
  if (!found) return undefined;
  const back = ({ x, y }: { x: number; y: number }) => ({ x: (x * width) / info.width, y: (y * height) / info.height });
  const { bytes, topLeft, topRight, bottomLeft } = found;
  return { bytes, topLeft: back(topLeft), topRight: back(topRight), bottomLeft: back(bottomLeft) };
}

function checkBounds(size: { width: number; height: number }, bounds: PictureBounds): void {
  const tooSmall = Math.min(size.width, size.height) < bounds.minSidePx;
  if (tooSmall || Math.max(size.width, size.height) > bounds.maxSidePx) throw new ProviderError(216202);
}
