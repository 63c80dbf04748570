/**
 * Reads the chunks of a WebP file (RIFF container, Google's specification): size, alpha, animation and orientation. Never
 * decodes: one pass over the chunk headers, whose number the file's length bounds.
 */
import { readOrientation } from './exif-orientation.ts';
import type { ImageFacts, Orientation } from './facts.ts';
import { unusable } from './reasons.ts';

interface Found {
  size: { widthPx: number; heightPx: number } | undefined;
  image: boolean;
  alpha: boolean;
  animated: boolean;
  orientation: Orientation;
}

const riff = 0x52494646;
const webp = 0x57454250;
const VP8 = 0x56503820;
const VP8L = 0x5650384c;
const VP8X = 0x56503858;
const ANMF = 0x414e4d46;
const EXIF = 0x45584946;

export function isWebp(view: DataView): boolean {
  return view.byteLength >= 12 && view.getUint32(0) === riff && view.getUint32(8) === webp;
}

/** @throws RejectedError `image_unusable`: truncated, damaged, dimensions_lie */
export function readWebpHeader(view: DataView): ImageFacts {
  const end = 8 + view.getUint32(4, true);
  // Some writers leave out the padding byte of the last chunk.
  if (end > view.byteLength + 1) throw unusable('truncated');
  const found: Found = { size: undefined, image: false, alpha: false, animated: false, orientation: 1 };
  let at = 12;
  while (at + 8 <= Math.min(end, view.byteLength)) {
    const length = view.getUint32(at + 4, true);
    if (at + 8 + length > view.byteLength) throw unusable('truncated');
    noteChunk(view.getUint32(at), new DataView(view.buffer, view.byteOffset + at + 8, length), found);
    at += 8 + length + (length % 2);
  }
  if (found.size === undefined || !found.image) throw unusable('damaged');
  const { widthPx, heightPx } = found.size;
  if (widthPx === 0 || heightPx === 0) throw unusable('dimensions_lie');
  return {
    format: 'webp',
    widthPx,
    heightPx,
    colorModel: found.alpha ? 'rgba' : 'rgb',
    bitDepth: 8,
    progressive: false,
    interlaced: false,
    orientation: found.orientation,
    ...(found.animated ? { severalPages: true } : {}),
  };
}

function noteChunk(type: number, body: DataView, found: Found): void {
  if (type === VP8X) readExtended(body, found);
  else if (type === VP8 || type === VP8L) {
    if (!found.image) found.size ??= type === VP8 ? lossySize(body) : losslessSize(body, found);
    found.image = true;
  } else if (type === ANMF) found.image = true;
  else if (type === EXIF) found.orientation = readOrientation(tiffIn(body));
}

/** The canvas: 24 bits each for width and height, less one. */
function readExtended(body: DataView, found: Found): void {
  if (body.byteLength < 10) throw unusable('damaged');
  const flags = body.getUint8(0);
  found.alpha = (flags & 0x10) !== 0;
  found.animated = (flags & 0x02) !== 0;
  found.size ??= { widthPx: readUint24(body, 4) + 1, heightPx: readUint24(body, 7) + 1 };
}

/** A key frame of VP8 (RFC 6386, 9.1): three bytes of tag, a start code, 14 bits each for width and height. */
function lossySize(body: DataView) {
  if (body.byteLength < 10) throw unusable('damaged');
  const keyFrame = (body.getUint8(0) & 1) === 0;
  if (!keyFrame || readUint24(body, 3) !== 0x2a019d) throw unusable('damaged');
  return { widthPx: body.getUint16(6, true) & 0x3fff, heightPx: body.getUint16(8, true) & 0x3fff };
}

/** A signature byte, 14 bits each for width and height less one, and a flag for alpha. */
function losslessSize(body: DataView, found: Found) {
  if (body.byteLength < 5 || body.getUint8(0) !== 0x2f) throw unusable('damaged');
  const bits = body.getUint32(1, true);
  found.alpha = ((bits >>> 28) & 1) === 1;
  return { widthPx: (bits & 0x3fff) + 1, heightPx: ((bits >>> 14) & 0x3fff) + 1 };
}

/** Some writers put the prefix of a JPEG segment before the TIFF structure. */
function tiffIn(body: DataView): DataView {
  const prefixed = body.byteLength >= 6 && body.getUint32(0) === 0x45786966;
  return prefixed ? new DataView(body.buffer, body.byteOffset + 6, body.byteLength - 6) : body;
}

function readUint24(view: DataView, at: number): number {
  return view.getUint8(at) | (view.getUint8(at + 1) << 8) | (view.getUint8(at + 2) << 16);
}
