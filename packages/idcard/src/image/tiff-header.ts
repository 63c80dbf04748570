/**
 * Reads the first directory of a TIFF (revision 6.0): size, samples, compression, orientation, and whether its strips or
 * tiles lie inside the file. Never decodes; the work is bounded by the number of entries that a file can hold.
 */
import { asOrientation } from './exif-orientation.ts';
import type { ColorModel, ImageFacts } from './facts.ts';
import { unusable } from './reasons.ts';

/** None, CCITT 1D/G3/G4, LZW, JPEG, Deflate, PackBits, old Deflate: what the worker's decoder reads. */
const knownCompressions = new Set([1, 2, 3, 4, 5, 7, 8, 32773, 32946]);
const integerTypes = new Set([1, 3, 4, 6, 8, 9]);
/** Bytes of one value, by type: the integers, text, fractions, bytes and floats. */
const typeBytes: Readonly<Record<number, number>> = {
  ...{ 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1 },
  ...{ 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4 },
};
/** A strip per row of the tallest image that can be taken in, and a little more. */
const maxValues = 20_000;

const tag = {
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  stripByteCounts: 279,
  tileOffsets: 324,
  tileByteCounts: 325,
  extraSamples: 338,
  sampleFormat: 339,
} as const;

type Directory = ReadonlyMap<number, readonly number[]>;

export function isTiff(view: DataView): boolean {
  if (view.byteLength < 4) return false;
  const start = view.getUint32(0);
  return start === 0x49492a00 || start === 0x4d4d002a;
}

/** @throws RejectedError `image_unusable`: truncated, damaged, dimensions_lie, unsupported_format */
export function readTiffHeader(view: DataView): ImageFacts {
  if (view.byteLength < 8) throw unusable('truncated');
  const little = view.getUint16(0) === 0x4949;
  const { directory, next } = readDirectory(view, view.getUint32(4, little), little);
  const first = (name: number) => directory.get(name)?.[0];
  const widthPx = first(tag.width) ?? 0;
  const heightPx = first(tag.height) ?? 0;
  if (widthPx <= 0 || heightPx <= 0) throw unusable('dimensions_lie');
  const bitDepth = first(tag.bitsPerSample) ?? 1;
  const integers = (directory.get(tag.sampleFormat) ?? [1]).every((format) => format === 1);
  if (!integers || ![1, 2, 4, 8, 16].includes(bitDepth))
    throw unusable('unsupported_format', { format: 'tiff-uncommon' });
  if (!knownCompressions.has(first(tag.compression) ?? 1))
    throw unusable('unsupported_format', { format: 'tiff-uncommon' });
  if (![0, 1, 2, 3, 5, 6, 8].includes(first(tag.photometric) ?? 1))
    throw unusable('unsupported_format', { format: 'tiff-uncommon' });
  checkData(view, directory, { widthPx, heightPx, bitDepth });
  return {
    format: 'tiff',
    widthPx,
    heightPx,
    colorModel: colorModelOf(directory),
    bitDepth,
    progressive: false,
    interlaced: false,
    orientation: asOrientation(first(tag.orientation)),
    ...(next === 0 ? {} : { severalPages: true }),
  };
}

function readDirectory(view: DataView, start: number, little: boolean): { directory: Directory; next: number } {
  if (start < 8) throw unusable('damaged');
  // Many writers put the directory after the data: a cut file then has none.
  if (start + 2 > view.byteLength) throw unusable('truncated');
  const entries = view.getUint16(start, little);
  const end = start + 2 + entries * 12;
  if (end > view.byteLength) throw unusable('truncated');
  const known = new Set<number>(Object.values(tag));
  const directory = new Map<number, readonly number[]>();
  for (let at = start + 2; at < end; at += 12) {
    const name = view.getUint16(at, little);
    const values = placeOf(view, at, little);
    if (known.has(name) && !directory.has(name)) directory.set(name, readValues(view, values, little));
  }
  return { directory, next: end + 4 <= view.byteLength ? view.getUint32(end, little) : 0 };
}

interface Values {
  type: number;
  count: number;
  size: number;
  from: number;
}

/** Checks every entry, because the decoder needs more of them than this reader: tables, palettes, profiles. */
function placeOf(view: DataView, at: number, little: boolean): Values {
  const type = view.getUint16(at + 2, little);
  const count = view.getUint32(at + 4, little);
  const size = typeBytes[type] ?? 1;
  const from = count * size <= 4 ? at + 8 : view.getUint32(at + 8, little);
  if (from + count * size > view.byteLength) throw unusable('truncated');
  return { type, count, size, from };
}

function readValues(view: DataView, { type, count, size, from }: Values, little: boolean): number[] {
  if (!integerTypes.has(type) || count === 0 || count > maxValues) throw unusable('damaged');
  return Array.from({ length: count }, (_, n) => readInteger(view, from + n * size, type, little));
}

function readInteger(view: DataView, at: number, type: number, little: boolean): number {
  if (type === 1) return view.getUint8(at);
  if (type === 6) return view.getInt8(at);
  if (type === 3) return view.getUint16(at, little);
  if (type === 8) return view.getInt16(at, little);
  return type === 4 ? view.getUint32(at, little) : view.getInt32(at, little);
}

/** Every strip or tile lies inside the file, and uncompressed ones hold as many bytes as the size asks for. */
function checkData(
  view: DataView,
  directory: Directory,
  size: { widthPx: number; heightPx: number; bitDepth: number },
): void {
  const offsets = directory.get(tag.stripOffsets) ?? directory.get(tag.tileOffsets);
  const counts = directory.get(tag.stripByteCounts) ?? directory.get(tag.tileByteCounts);
  if (!offsets || !counts || offsets.length !== counts.length) throw unusable('damaged');
  let total = 0;
  for (const [n, offset] of offsets.entries()) {
    if (offset < 0 || counts[n]! < 0) throw unusable('damaged');
    if (offset + counts[n]! > view.byteLength) throw unusable('truncated');
    total += counts[n]!;
  }
  const samples = directory.get(tag.samplesPerPixel)?.[0] ?? 1;
  const compression = directory.get(tag.compression)?.[0] ?? 1;
  const subsampled = directory.get(tag.photometric)?.[0] === 6;
  const rawBytes = size.heightPx * Math.ceil((size.widthPx * size.bitDepth * samples) / 8);
  if (total === 0 || (compression === 1 && total < rawBytes / (subsampled ? 3 : 1))) throw unusable('dimensions_lie');
}

function colorModelOf(directory: Directory): ColorModel {
  const alpha = directory.has(tag.extraSamples);
  switch (directory.get(tag.photometric)?.[0]) {
    case 3:
      return 'palette';
    case 5:
      return 'cmyk';
    case 6:
      return 'ycbcr';
    // RGB, and L*a*b*, which the decoder turns into it.
    case 2:
    case 8:
      return alpha ? 'rgba' : 'rgb';
    default:
      return alpha ? 'grey-alpha' : 'grey';
  }
}
