/**
 * Finds the orientation in an EXIF block (a TIFF structure). Never rejects: cameras write odd EXIF, and a picture
 * without a readable orientation is simply upright.
 */
import type { Orientation } from './facts.ts';

const orientationTag = 0x0112;
const typeShort = 3;
/** No camera writes more; a bound on the work that a hostile count can ask for. */
const maxEntries = 512;

/** @param tiff starts at the byte-order mark (`II` or `MM`). */
export function readOrientation(tiff: DataView): Orientation {
  if (tiff.byteLength < 10) return 1;
  const order = tiff.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return 1;
  const little = order === 0x4949;
  if (tiff.getUint16(2, little) !== 42) return 1;
  return searchDirectory(tiff, tiff.getUint32(4, little), little);
}

function searchDirectory(tiff: DataView, start: number, little: boolean): Orientation {
  if (start + 2 > tiff.byteLength) return 1;
  const entries = Math.min(tiff.getUint16(start, little), maxEntries);
  for (let n = 0; n < entries; n++) {
    const at = start + 2 + n * 12;
    if (at + 12 > tiff.byteLength) return 1;
    if (tiff.getUint16(at, little) !== orientationTag) continue;
    if (tiff.getUint16(at + 2, little) !== typeShort) return 1;
    return asOrientation(tiff.getUint16(at + 8, little));
  }
  return 1;
}

function asOrientation(value: number): Orientation {
  return value >= 1 && value <= 8 ? (value as Orientation) : 1;
}
