/**
 * Inspects an image in the API before anything is stored: format by content and the facts of its header. Never decodes a
 * pixel, and takes time linear in the length of the file at worst.
 */
import { heifBrands, isAvif, readAvifHeader } from './avif-header.ts';
import { isBmp, readBmpHeader } from './bmp-header.ts';
import type { ImageFacts } from './facts.ts';
import { isJpeg, readJpegHeader } from './jpeg-header.ts';
import { isPdf, readPdfHeader } from './pdf-header.ts';
import { isPng, readPngHeader } from './png-header.ts';
import { unusable } from './reasons.ts';
import { isTiff, readTiffHeader } from './tiff-header.ts';
import { isWebp, readWebpHeader } from './webp-header.ts';

/**
 * @param bytes the whole file; bytes after the image's end are tolerated
 * @throws RejectedError `image_unusable` with `fields.reason` one of `empty`, `not_an_image`, `unsupported_format` (then
 *   `fields.format` names it), `unsupported_heic`, `unsupported_bmp`, `truncated`, `damaged`, `dimensions_lie`
 */
export function inspectImage(bytes: Uint8Array): ImageFacts {
  if (bytes.byteLength === 0) throw unusable('empty');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isJpeg(view)) return readJpegHeader(view);
  if (isPng(view)) return readPngHeader(view);
  if (isBmp(view)) return readBmpHeader(view);
  if (isWebp(view)) return readWebpHeader(view);
  if (isTiff(view)) return readTiffHeader(view);
  if (isAvif(view)) return readAvifHeader(view);
  if (isPdf(view)) return readPdfHeader(view);
  if (heifBrands(view).some((brand) => heicBrands.has(brand))) throw unusable('unsupported_heic', { format: 'heic' });
  const format = recogniseOther(view);
  throw format === undefined ? unusable('not_an_image') : unusable('unsupported_format', { format });
}

interface Signature {
  format: string;
  at: number;
  text: string;
}

/** HEIF with HEVC, or without a brand that says which codec it has. */
const heicBrands = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1']);

/** Formats that people send by mistake, so that the response can name what it got. */
const signatures: readonly Signature[] = [
  { format: 'gif', at: 0, text: 'GIF8' },
  { format: 'bigtiff', at: 0, text: 'II+\0' },
  { format: 'bigtiff', at: 0, text: 'MM\0+' },
  { format: 'jpeg2000', at: 4, text: 'jP  ' },
  { format: 'jpegxl', at: 4, text: 'JXL ' },
  { format: 'jpegxl', at: 0, text: '\xff\x0a' },
  { format: 'psd', at: 0, text: '8BPS' },
];

function recogniseOther(view: DataView): string | undefined {
  return signatures.find(({ at, text }) => hasText(view, at, text))?.format;
}

function hasText(view: DataView, at: number, text: string): boolean {
  if (view.byteLength < at + text.length) return false;
  for (let n = 0; n < text.length; n++) if (view.getUint8(at + n) !== text.charCodeAt(n)) return false;
  return true;
}
