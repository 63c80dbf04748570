/**
 * Reads the headers of a Windows or OS/2 bitmap. Says what is there without touching a pixel; `bmp-pixels` turns the
 * common kinds into pixels where fitting is needed.
 */
import type { ColorModel, ImageFacts } from './facts.ts';
import { unusable } from './reasons.ts';

export interface BmpLayout {
  widthPx: number;
  heightPx: number;
  topDown: boolean;
  bitsPerPixel: number;
  /** 0 none, 1 RLE8, 2 RLE4, 3 bit fields, 4 JPEG, 5 PNG, 6 bit fields with alpha. */
  compression: number;
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
const knownHeaders = new Set([12, 40, 52, 56, 64, 108, 124]);
const knownDepths = new Set([1, 4, 8, 16, 24, 32]);

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
  };
}

export function readBmpLayout(view: DataView): BmpLayout {
  if (view.byteLength < fileHeaderBytes + 4) throw unusable('truncated');
  const headerBytes = view.getUint32(fileHeaderBytes, true);
  // Two letters are a weak sign: a text that starts with BM is no bitmap.
  if (!knownHeaders.has(headerBytes)) throw unusable('not_an_image');
  if (view.byteLength < fileHeaderBytes + headerBytes) throw unusable('truncated');
  const layout = headerBytes === 12 ? readOs2(view) : readWindows(view, headerBytes);
  if (layout.widthPx <= 0 || layout.heightPx <= 0) throw unusable('dimensions_lie');
  if (!knownDepths.has(layout.bitsPerPixel) || layout.compression > 6) throw unusable('damaged');
  if (layout.compression === 4 || layout.compression === 5) throw unusable('unsupported_bmp');
  if (layout.pixelsAt < fileHeaderBytes + headerBytes) throw unusable('damaged');
  return layout;
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
  const used = view.getUint32(46, true);
  const full = bitsPerPixel <= 8 ? 2 ** bitsPerPixel : 0;
  return {
    widthPx,
    heightPx: Math.abs(height),
    topDown: height < 0,
    bitsPerPixel,
    compression: view.getUint32(30, true),
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

/** A cut file states its true length in the header; a lying one states neither. Some writers omit the last padding. */
function checkPixelBytes(view: DataView, layout: BmpLayout): void {
  const runLength = layout.compression === 1 || layout.compression === 2;
  const needed = layout.pixelsAt + (runLength ? 2 : layout.strideBytes * layout.heightPx - 3);
  if (view.byteLength >= needed) return;
  const statedBytes = view.getUint32(2, true);
  throw unusable(runLength || statedBytes >= needed ? 'truncated' : 'dimensions_lie');
}

function colorModelOf(layout: BmpLayout): ColorModel {
  if (layout.bitsPerPixel <= 8) return 'palette';
  return layout.compression === 6 ? 'rgba' : 'rgb';
}
