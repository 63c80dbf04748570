/**
 * Turns the common uncompressed bitmaps into pixels, because the image library of the worker reads no BMP. Runs only
 * where a picture has to be fitted, after `inspectImage` has checked the header against the length.
 */
import { type BmpLayout, readBmpLayout } from './bmp-header.ts';
import { unusable } from './reasons.ts';

export interface RawPixels {
  /** Rows from the top, pixels from the left, 8 bits per sample, no padding. */
  data: Buffer;
  widthPx: number;
  heightPx: number;
  channels: 1 | 3;
}

/** Blue, green, red from the low byte up: the only masks that writers of 32-bit pictures use in practice. */
const usualMasks = [0x00ff0000, 0x0000ff00, 0x000000ff];

/**
 * Reads 24 and 32 bits (alpha ignored, as viewers do) and palettes of 1, 4 and 8 bits.
 * @throws RejectedError `image_unusable`: unsupported_bmp, truncated, and what the header reader throws
 */
export function decodeBmp(bytes: Uint8Array): RawPixels {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const layout = readBmpLayout(view);
  if (!isReadable(view, layout)) throw unusable('unsupported_bmp');
  const { widthPx, heightPx } = layout;
  if (bytes.byteLength < layout.pixelsAt + layout.strideBytes * heightPx - 3) throw unusable('truncated');
  const data = Buffer.allocUnsafe(widthPx * heightPx * 3);
  const readRow = layout.bitsPerPixel <= 8 ? paletteRow(bytes, layout) : directRow(bytes, layout);
  for (let y = 0; y < heightPx; y++) {
    const row = layout.topDown ? y : heightPx - 1 - y;
    readRow(layout.pixelsAt + row * layout.strideBytes, data, y * widthPx * 3);
  }
  return { data, widthPx, heightPx, channels: 3 };
}

type RowReader = (from: number, into: Buffer, at: number) => void;

function isReadable(view: DataView, layout: BmpLayout): boolean {
  if (layout.bitsPerPixel === 16) return false;
  if (layout.compression === 0) return true;
  // Masks stand behind the short header and inside the longer ones: at the same place.
  if (layout.compression !== 3 || layout.bitsPerPixel !== 32 || layout.headerBytes === 64) return false;
  return view.byteLength >= 66 && usualMasks.every((mask, n) => view.getUint32(54 + 4 * n, true) === mask);
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
