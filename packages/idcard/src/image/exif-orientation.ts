/**
 * Finds the orientation in an EXIF block (a TIFF structure). Never rejects: cameras write odd EXIF, and an image
 * without a readable orientation is upright.
 */
import type { Orientation } from './facts.ts';

const orientationTag = 0x0112;
/** No camera writes more; a bound on the work that a hostile count can ask for. */
const maxEntries = 512;

/**
 * The integer types of TIFF that fit into an entry. The standard asks for SHORT, but some cameras and editors write
 * another integer type, and common viewers accept each of them.
 */
const integerReaders: Readonly<Record<number, (view: DataView, at: number, little: boolean) => number>> = {
  1: (view, at) => view.getUint8(at),
  3: (view, at, little) => view.getUint16(at, little),
  4: (view, at, little) => view.getUint32(at, little),
  6: (view, at) => view.getInt8(at),
  8: (view, at, little) => view.getInt16(at, little),
  9: (view, at, little) => view.getInt32(at, little),
};

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
    const value = integerReaders[tiff.getUint16(at + 2, little)]?.(tiff, at + 8, little);
    return asOrientation(value);
  }
  return 1;
}

/** 1 for everything that is not one of the eight values. */
export function asOrientation(value: number | undefined): Orientation {
  return value !== undefined && value >= 1 && value <= 8 ? (value as Orientation) : 1;
}
