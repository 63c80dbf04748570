/**
 * Turns bitmaps into pixels, because the image library of the worker reads no BMP. Runs only in the worker and only where
 * an image has to be fitted, after `inspectImage` has checked the header against the length.
 */
import { type BmpLayout, pixelsEndAt, readBmpLayout } from './bmp-header.ts';
import { decodeRunLengths } from './bmp-run-lengths.ts';
import { unusable } from './reasons.ts';

export interface RawPixels {
  /** Rows from the top, pixels from the left, 8 bits per sample, no padding. */
  data: Buffer;
  widthPx: number;
  heightPx: number;
  channels: 1 | 3;
  /** For a PDF. */
  pages?: number;
}

/**
 * Reads palettes of 1, 4 and 8 bits, also with run lengths, and 16, 24 and 32 bits with any masks. Alpha is ignored, as
 * viewers do.
 * @throws RejectedError `image_unusable`: truncated, and what the header reader throws
 */
export function decodeBmp(bytes: Uint8Array): RawPixels {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const layout = readBmpLayout(view);
  const { widthPx, heightPx } = layout;
  const data = Buffer.alloc(widthPx * heightPx * 3);
  if (layout.compression === 1 || layout.compression === 2) {
    const indexes = decodeRunLengths(bytes, layout);
    paintRow(indexes, readPalette(bytes, layout), data);
    return { data, widthPx, heightPx, channels: 3 };
  }
  if (bytes.byteLength < pixelsEndAt(layout)) throw unusable('truncated');
  const readRow = rowReader(bytes, view, layout);
  for (let y = 0; y < heightPx; y++) {
    const row = layout.topDown ? y : heightPx - 1 - y;
    readRow(layout.pixelsAt + row * layout.strideBytes, data, y * widthPx * 3);
  }
  return { data, widthPx, heightPx, channels: 3 };
}

type RowReader = (from: number, into: Buffer, at: number) => void;

function rowReader(bytes: Uint8Array, view: DataView, layout: BmpLayout): RowReader {
  if (layout.bitsPerPixel <= 8) return paletteRow(bytes, layout);
  const bytewise = layout.bitsPerPixel === 24 || (layout.masks?.[0] === 0xff0000 && layout.masks[2] === 0xff);
  return bytewise && layout.bitsPerPixel !== 16 ? directRow(bytes, layout) : maskedRow(view, layout);
}

function paintRow(indexes: Uint8Array, palette: Uint8Array, into: Buffer): void {
  for (let n = 0, target = 0; n < indexes.length; n++, target += 3) {
    const from = indexes[n]! * 3;
    into[target] = palette[from]!;
    into[target + 1] = palette[from + 1]!;
    into[target + 2] = palette[from + 2]!;
  }
}

/** Scales each field to 8 bits: a full field of any width is 255. */
function maskedRow(view: DataView, { widthPx, bitsPerPixel, masks }: BmpLayout): RowReader {
  const fields = masks!.map((mask) => {
    const shift = 31 - Math.clz32(mask & -mask);
    return { mask, shift, max: (mask >>> shift) >>> 0 };
  });
  const step = bitsPerPixel / 8;
  return (from, into, at) => {
    for (let x = 0, source = from, target = at; x < widthPx; x++, source += step) {
      const pixel = step === 2 ? view.getUint16(source, true) : view.getUint32(source, true);
      for (const { mask, shift, max } of fields) into[target++] = Math.round((((pixel & mask) >>> shift) * 255) / max);
    }
  };
}

function directRow(bytes: Uint8Array, layout: BmpLayout): RowReader {
  const step = layout.bitsPerPixel / 8;
  return (from, into, at) => {
    for (let x = 0, source = from, target = at; x < layout.widthPx; x++, source += step, target += 3) {
      into[target] = bytes[source + 2]!;
      into[target + 1] = bytes[source + 1]!;
      into[target + 2] = bytes[source]!;
    }
  };
}

function paletteRow(bytes: Uint8Array, layout: BmpLayout): RowReader {
  const palette = readPalette(bytes, layout);
  const bits = layout.bitsPerPixel;
  const mask = 2 ** bits - 1;
  const perByte = 8 / bits;
  return (from, into, at) => {
    for (let x = 0, target = at; x < layout.widthPx; x++, target += 3) {
      const shift = 8 - bits * ((x % perByte) + 1);
      const index = (bytes[from + Math.floor(x / perByte)]! >> shift) & mask;
      into[target] = palette[index * 3]!;
      into[target + 1] = palette[index * 3 + 1]!;
      into[target + 2] = palette[index * 3 + 2]!;
    }
  };
}

/** Indexes beyond the entries given are black. */
function readPalette(bytes: Uint8Array, layout: BmpLayout): Uint8Array {
  const palette = new Uint8Array(256 * 3);
  for (let n = 0; n < layout.paletteEntries; n++) {
    const at = layout.afterHeader + n * layout.paletteEntryBytes;
    if (at + 3 > layout.pixelsAt || at + 3 > bytes.byteLength) break;
    palette.set([bytes[at + 2]!, bytes[at + 1]!, bytes[at]!], n * 3);
  }
  return palette;
}
