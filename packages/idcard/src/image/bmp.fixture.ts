/**
 * Writes bitmaps for tests, so that the reader is checked against a writer that shares no code with it. Never part of
 * the service.
 */
export interface BmpRequest {
  widthPx: number;
  heightPx: number;
  bitsPerPixel: 1 | 4 | 8 | 16 | 24 | 32;
  topDown?: boolean;
  /** The short header of OS/2 instead of Windows'. */
  os2?: boolean;
  /** Bit fields: red, green, blue masks, for 16 and 32 bits. */
  masks?: readonly [number, number, number];
  /** RGB of a pixel, or its palette index in `r`. */
  pixel?: (x: number, y: number) => { r: number; g: number; b: number };
  palette?: readonly (readonly [number, number, number])[];
}

const black = () => ({ r: 0, g: 0, b: 0 });

export function makeBmp(request: BmpRequest): Buffer {
  const palette = paletteOf(request);
  const header = request.os2 ? os2Header(request) : windowsHeader(request, palette.length);
  const pixels = pixelRows(request);
  const table = Buffer.concat(palette.map(([r, g, b]) => Buffer.from(request.os2 ? [b, g, r] : [b, g, r, 0])));
  const masks = Buffer.alloc(request.masks ? 12 : 0);
  for (const [n, mask] of (request.masks ?? []).entries()) masks.writeUInt32LE(mask >>> 0, n * 4);
  const file = Buffer.alloc(14);
  const pixelsAt = 14 + header.length + masks.length + table.length;
  file.write('BM');
  file.writeUInt32LE(pixelsAt + pixels.length, 2);
  file.writeUInt32LE(pixelsAt, 10);
  return Buffer.concat([file, header, masks, table, pixels]);
}

function paletteOf(request: BmpRequest): readonly (readonly [number, number, number])[] {
  if (request.bitsPerPixel > 8) return [];
  const grey = Array.from({ length: 2 ** request.bitsPerPixel }, (_, n) => [n, n, n] as const);
  return request.palette ?? grey;
}

function os2Header({ widthPx, heightPx, bitsPerPixel }: BmpRequest): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt32LE(12, 0);
  header.writeUInt16LE(widthPx, 4);
  header.writeUInt16LE(heightPx, 6);
  header.writeUInt16LE(1, 8);
  header.writeUInt16LE(bitsPerPixel, 10);
  return header;
}

function windowsHeader(request: BmpRequest, paletteEntries: number): Buffer {
  const header = Buffer.alloc(40);
  header.writeUInt32LE(40, 0);
  header.writeInt32LE(request.widthPx, 4);
  header.writeInt32LE(request.topDown ? -request.heightPx : request.heightPx, 8);
  header.writeUInt16LE(1, 12);
  header.writeUInt16LE(request.bitsPerPixel, 14);
  header.writeUInt32LE(request.masks ? 3 : 0, 16);
  header.writeUInt32LE(request.bitsPerPixel <= 8 ? paletteEntries : 0, 32);
  return header;
}

function pixelRows(request: BmpRequest): Buffer {
  const { widthPx, heightPx, bitsPerPixel } = request;
  const strideBytes = Math.ceil((widthPx * bitsPerPixel) / 32) * 4;
  const rows = Buffer.alloc(strideBytes * heightPx);
  for (let y = 0; y < heightPx; y++) {
    const row = rows.subarray((request.topDown ? y : heightPx - 1 - y) * strideBytes);
    for (let x = 0; x < widthPx; x++) writePixel(row, x, y, request);
  }
  return rows;
}

function writePixel(row: Buffer, x: number, y: number, request: BmpRequest): void {
  const { r, g, b } = (request.pixel ?? black)(x, y);
  const bits = request.bitsPerPixel;
  if (bits <= 8) {
    const at = Math.floor((x * bits) / 8);
    row[at] = row[at]! | (r << (8 - bits - ((x * bits) % 8)));
  } else if (request.masks) {
    const [red, green, blue] = request.masks;
    const value = (spread(r, red) | spread(g, green) | spread(b, blue)) >>> 0;
    if (bits === 16) row.writeUInt16LE(value, x * 2);
    else row.writeUInt32LE(value, x * 4);
  } else if (bits === 16) {
    row.writeUInt16LE(spread(r, 0x7c00) | spread(g, 0x03e0) | spread(b, 0x001f), x * 2);
  } else row.set([b, g, r], (x * bits) / 8);
}

/** The upper bits of an 8-bit value in the place of the mask. */
function spread(value: number, mask: number): number {
  const shift = 31 - Math.clz32(mask & -mask);
  const width = 32 - Math.clz32(mask >>> shift);
  return (value >> Math.max(0, 8 - width)) << shift;
}

/** A bitmap with run lengths around codes that the caller writes: 8 or 4 bits, the grey palette. */
export function makeRunLengthBmp(widthPx: number, heightPx: number, bitsPerPixel: 4 | 8, codes: number[]): Buffer {
  const plain = makeBmp({ widthPx, heightPx, bitsPerPixel });
  const pixelsAt = plain.readUInt32LE(10);
  const file = Buffer.concat([plain.subarray(0, pixelsAt), Buffer.from(codes)]);
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(bitsPerPixel === 8 ? 1 : 2, 30);
  return file;
}
