// Reads and writes uncompressed BMP, which sharp does not support.
// Used by the specimen generator (24 bit) and by the emulator's reader (24 and 32 bit).

/** Pixels row by row from the top, three bytes (R, G, B) each. */
export interface RawPicture {
  data: Buffer;
  width: number;
  height: number;
}

const HEADER_BYTES = 54;

/** A 24-bit bottom-up BMP with the 40-byte information header. */
export function encodeBmp({ data, width, height }: RawPicture): Buffer {
  const stride = (width * 3 + 3) & ~3;
  const file = Buffer.alloc(HEADER_BYTES + stride * height);
  file.write('BM', 0, 'latin1');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(HEADER_BYTES, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  file.writeUInt32LE(stride * height, 34);
  for (let y = 0; y < height; y++) {
    let to = HEADER_BYTES + (height - 1 - y) * stride;
    for (let from = y * width * 3; from < (y + 1) * width * 3; from += 3, to += 3) {
      file[to] = data[from + 2] ?? 0;
      file[to + 1] = data[from + 1] ?? 0;
      file[to + 2] = data[from] ?? 0;
    }
  }
  return file;
}

/** Width and height from a BMP header, for a check before memory is allocated. */
export function bmpSize(file: Buffer): { width: number; height: number } | undefined {
  if (file.length < HEADER_BYTES || file.toString('latin1', 0, 2) !== 'BM') return undefined;
  return { width: file.readInt32LE(18), height: Math.abs(file.readInt32LE(22)) };
}

/** The pixels of a 24- or 32-bit uncompressed BMP; undefined for any other kind and for a file that is too short. */
export function decodeBmp(file: Buffer): RawPicture | undefined {
  const size = bmpSize(file);
  if (!size || size.width <= 0 || size.height === 0) return undefined;
  const { width, height } = size;
  const bytes = file.readUInt16LE(28) / 8;
  const compression = file.readUInt32LE(30);
  const start = file.readUInt32LE(10);
  const stride = (width * bytes + 3) & ~3;
  const plain = compression === 0 || (compression === 3 && bytes === 4);
  if ((bytes !== 3 && bytes !== 4) || !plain || start + stride * height > file.length) return undefined;
  const bottomUp = file.readInt32LE(22) > 0;
  const data = Buffer.allocUnsafe(width * height * 3);
  for (let y = 0; y < height; y++) {
    let from = start + (bottomUp ? height - 1 - y : y) * stride;
    for (let to = y * width * 3; to < (y + 1) * width * 3; to += 3, from += bytes) {
      data[to] = file[from + 2] ?? 0;
      data[to + 1] = file[from + 1] ?? 0;
      data[to + 2] = file[from] ?? 0;
    }
  }
  return { data, width, height };
}
