/**
 * Scans the chunks of a PNG (ISO/IEC 15948) and reads IHDR. Never inflates anything: one pass over the chunk headers,
 * whose number the file's length bounds.
 */
import { crc32 } from 'node:zlib';
import { readOrientation } from './exif-orientation.ts';
import type { ColorModel, ImageFacts, Orientation } from './facts.ts';
import { unusable } from './reasons.ts';

interface ColorType {
  model: ColorModel;
  samples: number;
  depths: readonly number[];
}

const colorTypes: Readonly<Record<number, ColorType>> = {
  0: { model: 'grey', samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { model: 'rgb', samples: 3, depths: [8, 16] },
  3: { model: 'palette', samples: 1, depths: [1, 2, 4, 8] },
  4: { model: 'grey-alpha', samples: 2, depths: [8, 16] },
  6: { model: 'rgba', samples: 4, depths: [8, 16] },
};

/** Deflate's best: 258 bytes out of 2 bits. */
const maxInflation = 1032;

interface Header {
  widthPx: number;
  heightPx: number;
  bitDepth: number;
  color: ColorType;
  interlaced: boolean;
}

interface Chunks {
  dataBytes: number;
  palette: boolean;
  orientation: Orientation;
  animated: boolean;
  end: boolean;
}

export function isPng(view: DataView): boolean {
  return view.byteLength >= 8 && view.getUint32(0) === 0x89504e47 && view.getUint32(4) === 0x0d0a1a0a;
}

/** @throws RejectedError `image_unusable`: truncated, damaged, dimensions_lie, unsupported_format */
export function readPngHeader(view: DataView): ImageFacts {
  const header = readIhdr(view);
  const chunks = readChunks(view);
  if (chunks.dataBytes === 0) throw unusable(chunks.end ? 'damaged' : 'truncated');
  if (!chunks.end) throw unusable('truncated');
  if (header.color.model === 'palette' && !chunks.palette) throw unusable('damaged');
  const rawBytes = header.heightPx * Math.ceil((header.widthPx * header.bitDepth * header.color.samples) / 8);
  if (chunks.dataBytes * maxInflation < rawBytes) throw unusable('dimensions_lie');
  return {
    format: 'png',
    widthPx: header.widthPx,
    heightPx: header.heightPx,
    colorModel: header.color.model,
    bitDepth: header.bitDepth,
    progressive: false,
    interlaced: header.interlaced,
    orientation: chunks.orientation,
    ...(chunks.animated ? { severalPages: true } : {}),
  };
}

function readIhdr(view: DataView): Header {
  if (view.byteLength < 33) throw unusable('truncated');
  const type = view.getUint32(12);
  // Apple's build tools write this private variant; no ordinary decoder reads it.
  if (type === 0x43674249) throw unusable('unsupported_format', { format: 'png-apple' });
  if (view.getUint32(8) !== 13 || type !== 0x49484452) throw unusable('damaged');
  const covered = new Uint8Array(view.buffer, view.byteOffset + 12, 17);
  if (crc32(covered) !== view.getUint32(29)) throw unusable('damaged');
  const widthPx = view.getUint32(16);
  const heightPx = view.getUint32(20);
  if (widthPx === 0 || heightPx === 0 || widthPx > 0x7fffffff || heightPx > 0x7fffffff)
    throw unusable('dimensions_lie');
  const bitDepth = view.getUint8(24);
  const color = colorTypes[view.getUint8(25)];
  if (!color?.depths.includes(bitDepth)) throw unusable('damaged');
  const interlace = view.getUint8(28);
  if (view.getUint16(26) !== 0 || interlace > 1) throw unusable('damaged');
  return { widthPx, heightPx, bitDepth, color, interlaced: interlace === 1 };
}

/** Ends at IEND; later bytes are no part of the image. */
function readChunks(view: DataView): Chunks {
  const found: Chunks = { dataBytes: 0, palette: false, orientation: 1, animated: false, end: false };
  let at = 33;
  while (at + 12 <= view.byteLength) {
    const length = view.getUint32(at);
    const type = view.getUint32(at + 4);
    if (type === 0x49454e44) {
      found.end = true;
      return found;
    }
    if (at + 12 + length > view.byteLength) return found;
    noteChunk(view, at + 8, length, type, found);
    at += 12 + length;
  }
  return found;
}

function noteChunk(view: DataView, at: number, length: number, type: number, found: Chunks): void {
  if (type === 0x49444154) found.dataBytes += length;
  else if (type === 0x504c5445) found.palette = true;
  // acTL: the still image of an animated PNG is its first frame or a substitute for it.
  else if (type === 0x6163544c) found.animated = true;
  else if (type === 0x65584966)
    found.orientation = readOrientation(new DataView(view.buffer, view.byteOffset + at, length));
}
