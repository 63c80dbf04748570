/**
 * Recognises a PDF and whether its end is there. Reads nothing else of it: the worker renders the first page in a
 * separate thread, and its size is known only then.
 */
import type { ImageFacts } from './facts.ts';
import { unusable } from './reasons.ts';

/** The longest side of a rendered page: A4 at 300 dots per inch. */
export const pdfSidePx = 3508;
const tailBytes = 2048;

export function isPdf(view: DataView): boolean {
  return view.byteLength >= 5 && latin1(view, 0, 5) === '%PDF-';
}

/** @throws RejectedError `image_unusable`: truncated */
export function readPdfHeader(view: DataView): ImageFacts {
  const tail = latin1(view, Math.max(0, view.byteLength - tailBytes), view.byteLength);
  if (!tail.includes('%%EOF')) throw unusable('truncated');
  return {
    format: 'pdf',
    widthPx: pdfSidePx,
    heightPx: pdfSidePx,
    colorModel: 'rgb',
    bitDepth: 8,
    progressive: false,
    interlaced: false,
    orientation: 1,
  };
}

function latin1(view: DataView, from: number, to: number): string {
  return Buffer.from(view.buffer, view.byteOffset + from, to - from).toString('latin1');
}
