/**
 * Reads the headers of a Windows or OS/2 bitmap without touching a pixel, and refuses the kinds that `bmp-pixels` cannot
 * decode, so that the API refuses them before it accepts the job.
 */
import type { ColorModel, ImageFacts } from './facts.ts';
import { unusable } from './reasons.ts';

export interface BmpLayout {
  widthPx: number;
  heightPx: number;
  topDown: boolean;
  bitsPerPixel: number;
  /** 0 none, 1 RLE8, 2 RLE4, 3 bit fields, 4 JPEG, 5 PNG, 6 bit fields with alpha; OS/2: 3 Huffman, 4 RLE24. */
  compression: number;
  /** Red, green and blue of a pixel of 16 or 32 bits. */
  masks: readonly [number, number, number] | undefined;
  /** Where masks or palette start. */
  afterHeader: number;
  headerBytes: number;
  paletteEntries: number;
  paletteEntryBytes: 3 | 4;
  pixelsAt: number;
  /** Bytes from one row to the next. */
  strideBytes: number;
}

const fileHeaderBytes = 14;
const knownHeaders = new Set([12, 16, 40, 52, 56, 64, 108, 124]);
const os2Headers = new Set([12, 16, 64]);
const knownDepths = new Set([1, 4, 8, 16, 24, 32]);
type Masks = NonNullable<BmpLayout['masks']>;
const masks555: Masks = [0x7c00, 0x03e0, 0x001f];
/** Blue, green, red from the low byte up. */
const masks888: Masks = [0x00ff0000, 0x0000ff00, 0x000000ff];

export function isBmp(view: DataView): boolean {
  return view.byteLength >= 2 && view.getUint16(0) === 0x424d;
}

/** @throws RejectedError `image_unusable`: truncated, damaged, dimensions_lie, unsupported_bmp, not_an_image */
export function readBmpHeader(view: DataView): ImageFacts {
  const layout = readBmpLayout(view);
  checkPixelBytes(view, layout);
  return {
    format: 'bmp',
    widthPx: layout.widthPx,
    heightPx: layout.heightPx,
    colorModel: colorModelOf(layout),
    bitDepth: layout.bitsPerPixel > 8 ? (layout.bitsPerPixel === 16 ? 5 : 8) : layout.bitsPerPixel,
    progressive: false,
    interlaced: false,
    orientation: 1,
    ...(isPlain(layout) ? {} : { uncommonBmp: true }),
  };
}

/** What every reader of bitmaps knows: 24 or 32 bits in the usual order, from the bottom up, with a Windows header. */
function isPlain({ bitsPerPixel, masks, topDown, headerBytes }: BmpLayout): boolean {
  if (topDown || os2Headers.has(headerBytes)) return false;
  return bitsPerPixel === 24 || (bitsPerPixel === 32 && masks888.every((mask, n) => masks?.[n] === mask));
}

/** @throws RejectedError `image_unusable`: also for kinds that `bmp-pixels` cannot decode */
export function readBmpLayout(view: DataView): BmpLayout {
  if (view.byteLength < fileHeaderBytes + 4) throw unusable('truncated');
  const headerBytes = view.getUint32(fileHeaderBytes, true);
  // Two letters are a weak sign: a text that starts with BM is no bitmap.
  if (!knownHeaders.has(headerBytes)) throw unusable('not_an_image');
  if (view.byteLength < fileHeaderBytes + headerBytes) throw unusable('truncated');
  const layout = headerBytes === 12 ? readOs2(view) : readWindows(view, headerBytes);
  if (layout.widthPx <= 0 || layout.heightPx <= 0) throw unusable('dimensions_lie');
  if (!knownDepths.has(layout.bitsPerPixel) || layout.compression > 6) throw unusable('damaged');
  if (layout.pixelsAt < fileHeaderBytes + headerBytes) throw unusable('damaged');
  const masks = readMasks(view, layout);
  if (!isDecodable({ ...layout, masks })) throw unusable('unsupported_bmp');
  return { ...layout, masks };
}

/** The masks follow the short header and are part of the longer ones: at the same offset. */
function readMasks(view: DataView, { bitsPerPixel, compression }: BmpLayout): BmpLayout['masks'] {
  if (bitsPerPixel !== 16 && bitsPerPixel !== 32) return undefined;
  if (compression === 0) return bitsPerPixel === 16 ? masks555 : masks888;
  if (compression !== 3 && compression !== 6) return undefined;
  if (view.byteLength < 66) throw unusable('truncated');
  return [view.getUint32(54, true), view.getUint32(58, true), view.getUint32(62, true)];
}

function isDecodable({ bitsPerPixel, compression, masks, headerBytes }: BmpLayout): boolean {
  if (compression === 0) return true;
  if (compression === 1) return bitsPerPixel === 8;
  if (compression === 2) return bitsPerPixel === 4;
  if (compression === 4 || compression === 5 || os2Headers.has(headerBytes) || masks === undefined) return false;
  return masks.every((mask) => isMask(mask, bitsPerPixel));
}

/** One run of bits that lies inside the pixel. */
function isMask(mask: number, bitsPerPixel: number): boolean {
  if (mask === 0 || mask >= 2 ** bitsPerPixel) return false;
  const run = mask / 2 ** (31 - Math.clz32(mask & -mask));
  return Number.isInteger(Math.log2(run + 1));
}

function readOs2(view: DataView): BmpLayout {
  const bitsPerPixel = view.getUint16(24, true);
  const widthPx = view.getUint16(18, true);
  return {
    widthPx,
    heightPx: view.getUint16(20, true),
    topDown: false,
    bitsPerPixel,
    compression: 0,
    masks: undefined,
    afterHeader: fileHeaderBytes + 12,
    headerBytes: 12,
    paletteEntries: bitsPerPixel <= 8 ? 2 ** bitsPerPixel : 0,
    paletteEntryBytes: 3,
    pixelsAt: view.getUint32(10, true),
    strideBytes: strideOf(widthPx, bitsPerPixel),
  };
}

function readWindows(view: DataView, headerBytes: number): BmpLayout {
  const widthPx = view.getInt32(18, true);
  const height = view.getInt32(22, true);
  const bitsPerPixel = view.getUint16(28, true);
  // The header of 16 bytes ends after the depth.
  const used = headerBytes >= 40 ? view.getUint32(46, true) : 0;
  const full = bitsPerPixel <= 8 ? 2 ** bitsPerPixel : 0;
  return {
    widthPx,
    heightPx: Math.abs(height),
    topDown: height < 0,
    bitsPerPixel,
    compression: headerBytes >= 40 ? view.getUint32(30, true) : 0,
    masks: undefined,
    afterHeader: fileHeaderBytes + headerBytes,
    headerBytes,
    paletteEntries: used === 0 ? full : Math.min(used, full),
    paletteEntryBytes: 4,
    pixelsAt: view.getUint32(10, true),
    strideBytes: strideOf(widthPx, bitsPerPixel),
  };
}

/** Rows are padded to four bytes. */
function strideOf(widthPx: number, bitsPerPixel: number): number {
  return Math.ceil((widthPx * bitsPerPixel) / 32) * 4;
}

/** Where the uncompressed pixels end. Some writers omit the padding of the last row. */
export function pixelsEndAt({ pixelsAt, strideBytes, heightPx, widthPx, bitsPerPixel }: BmpLayout): number {
  return pixelsAt + strideBytes * (heightPx - 1) + Math.ceil((widthPx * bitsPerPixel) / 8);
}

/** A cut file states its true length in the header; a false header states neither. */
function checkPixelBytes(view: DataView, layout: BmpLayout): void {
  const runLength = layout.compression === 1 || layout.compression === 2;
  const needed = runLength ? layout.pixelsAt + 2 : pixelsEndAt(layout);
  if (view.byteLength >= needed) return;
  const statedBytes = view.getUint32(2, true);
  throw unusable(runLength || statedBytes >= needed ? 'truncated' : 'dimensions_lie');
}

function colorModelOf(layout: BmpLayout): ColorModel {
  if (layout.bitsPerPixel <= 8) return 'palette';
  return layout.compression === 6 ? 'rgba' : 'rgb';
}
