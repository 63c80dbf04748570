/**
 * The first page of a PDF as pixels, in the worker. Each PDF gets a separate thread with a deadline and a memory limit,
 * one at a time per process, so that a hostile file costs at most one thread.
 */
import { Worker } from 'node:worker_threads';
import { TransientError } from '@cardseal/base/errors';
import type { PdfOrder, PdfPage } from './pdf-thread.ts';
import { unusable } from './reasons.ts';

export interface PdfLimits {
  maxSidePx: number;
  timeoutMs: number;
  maxMemoryBytes: number;
}

/** Measured: 256 MiB is enough for a scan of 50 megapixels, 128 MiB is not. */
export const defaultPdfLimits = { timeoutMs: 30_000, maxMemoryBytes: 256 * 1024 * 1024 };

let last: Promise<unknown> = Promise.resolve();

/**
 * @returns RGBA rows from the top, without transparency
 * @throws RejectedError `image_unusable`: locked_pdf, damaged; TransientError `image_fit_timeout`
 */
export async function renderPdf(bytes: Uint8Array, limits: PdfLimits): Promise<NonNullable<PdfPage>> {
  const turn = last.then(() => renderApart(bytes, limits));
  last = turn.catch(() => {});
  const page = await turn;
  if (page === 'timeout') throw new TransientError('image_fit_timeout');
  if (page !== null) return page;
  throw unusable(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes('/Encrypt') ? 'locked_pdf' : 'damaged',
  );
}

function renderApart(bytes: Uint8Array, { timeoutMs, ...limits }: PdfLimits): Promise<PdfPage | 'timeout'> {
  const order: PdfOrder = { bytes, ...limits };
  const thread = new Worker(new URL('./pdf-thread.ts', import.meta.url), {
    workerData: order,
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 128 },
    // The compiled library prints to them.
    stdout: true,
    stderr: true,
  });
  return new Promise((resolve) => {
    const end = (result: PdfPage | 'timeout') => {
      clearTimeout(timer);
      void thread.terminate();
      resolve(result);
    };
    const timer = setTimeout(() => end('timeout'), timeoutMs);
    thread.once('message', end);
    // The library aborts the thread where it runs out of memory.
    thread.once('error', () => end(null));
    thread.once('exit', () => end(null));
  });
}
