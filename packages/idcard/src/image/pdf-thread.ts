/**
 * Renders the first page of one PDF in a worker thread and ends. `pdf-pixels` starts it without environment variables and
 * stops it at the deadline. A PDF is hostile input: PDFium runs as WebAssembly, and its memory is limited here.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { PDFiumLibrary } from '@hyzyla/pdfium';

export interface PdfOrder {
  bytes: Uint8Array;
  maxSidePx: number;
  maxMemoryBytes: number;
}

/** RGBA rows from the top, or null where PDFium cannot open the file or render the page. */
export type PdfPage = { data: Uint8Array; widthPx: number; heightPx: number; pages: number } | null;

/** A scan of 300 dots per inch loses nothing; a small page is enlarged so that its text stays readable. */
const pixelsPerPoint = 300 / 72;
const minLongestPx = 1600;

/** Node has it; the types that this project uses do not. */
declare const WebAssembly: {
  Memory: { prototype: { readonly buffer: ArrayBuffer; grow(pages: number): number } };
};

/**
 * The compiled library grows its memory through this method only. It leaves out what it has no memory for and reports no
 * error, so the caller must ask.
 * @returns whether a request for memory was refused
 */
function limitMemory(maxBytes: number): () => boolean {
  let refused = false;
  const { grow } = WebAssembly.Memory.prototype;
  WebAssembly.Memory.prototype.grow = function (this: { buffer: ArrayBuffer }, pages: number) {
    refused ||= this.buffer.byteLength + pages * 65_536 > maxBytes;
    if (refused) throw new RangeError('memory limit reached');
    return grow.call(this, pages);
  };
  return () => refused;
}

async function renderFirstPage({ bytes, maxSidePx, maxMemoryBytes }: PdfOrder): Promise<PdfPage> {
  const ranOutOfMemory = limitMemory(maxMemoryBytes);
  const library = await PDFiumLibrary.init();
  const document = await library.loadDocument(bytes);
  const page = document.getPage(0);
  const { originalWidth, originalHeight } = page.getOriginalSize();
  const longest = Math.max(originalWidth, originalHeight);
  if (!(longest > 0)) return null;
  const target = Math.min(maxSidePx, Math.max(minLongestPx, longest * pixelsPerPoint));
  const scale = target / longest;
  const width = Math.max(1, Math.floor(originalWidth * scale));
  const height = Math.max(1, Math.floor(originalHeight * scale));
  const { data } = await page.render({ width, height, render: 'bitmap' });
  if (ranOutOfMemory()) return null;
  return { data, widthPx: width, heightPx: height, pages: document.getPageCount() };
}

// The library distinguishes its errors by text only, so every failure is "cannot be rendered".
const rendered = await renderFirstPage(workerData as PdfOrder).catch(() => null);
parentPort!.postMessage(rendered);
