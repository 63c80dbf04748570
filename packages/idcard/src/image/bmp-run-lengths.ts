/**
 * Decodes RLE8 and RLE4 of Windows bitmaps into palette indexes. The work is bounded by the length of the file and by the
 * size of the image, which the caller has checked.
 */
import type { BmpLayout } from './bmp-header.ts';
import { unusable } from './reasons.ts';

/** @returns one index per pixel, rows from the top; pixels that the data skip have index 0 */
export function decodeRunLengths(bytes: Uint8Array, layout: BmpLayout): Uint8Array {
  const canvas = createCanvas(layout);
  const nibbles = layout.compression === 2;
  let at = layout.pixelsAt;
  while (at + 1 < bytes.length && !canvas.isFull()) {
    const count = bytes[at]!;
    const value = bytes[at + 1]!;
    at += 2;
    if (count > 0) {
      // Two bytes of the file can state 255 pixels beyond the end of a row.
      const visible = Math.min(count, canvas.room());
      for (let n = 0; n < visible; n++) canvas.put(nibbles ? (n % 2 === 0 ? value >> 4 : value & 15) : value);
      canvas.move(count - visible, 0);
    } else if (value === 0) canvas.endRow();
    else if (value === 1) return canvas.indexes;
    else if (value === 2) {
      canvas.move(bytes[at] ?? 0, bytes[at + 1] ?? 0);
      at += 2;
    } else {
      const length = nibbles ? Math.ceil(value / 2) : value;
      if (at + length > bytes.length) break;
      for (let n = 0; n < value; n++) {
        const packed = bytes[at + (nibbles ? n >> 1 : n)]!;
        canvas.put(nibbles ? (n % 2 === 0 ? packed >> 4 : packed & 15) : packed);
      }
      // Literal pixels are padded to two bytes.
      at += length + (length % 2);
    }
  }
  // Some writers leave out the end code.
  if (!canvas.isFull()) throw unusable('truncated');
  return canvas.indexes;
}

/** Pixels beyond the end of a row or of the image are dropped, as viewers do. */
function createCanvas({ widthPx, heightPx, topDown }: BmpLayout) {
  const indexes = new Uint8Array(widthPx * heightPx);
  let x = 0;
  let y = 0;
  return {
    indexes,
    put(index: number) {
      if (x < widthPx && y < heightPx) indexes[(topDown ? y : heightPx - 1 - y) * widthPx + x] = index;
      x += 1;
    },
    endRow() {
      x = 0;
      y += 1;
    },
    /** Pixels left in this row. */
    room: () => (y < heightPx ? Math.max(0, widthPx - x) : 0),
    move(right: number, down: number) {
      x += right;
      y += down;
    },
    isFull: () => y >= heightPx || (y === heightPx - 1 && x >= widthPx),
  };
}
