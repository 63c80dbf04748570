// Runs a request reader in a thread, so that decoding images does not delay the arrival times that the listener records.
// The file contains both ends: the code of the thread, and the reader that sends jobs to it.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import {
  createRequestReader,
  type ReaderConfig,
  type ReadJob,
  type ReadResult,
  type RequestReader,
} from './request-reader.ts';

interface Order {
  id: number;
  job: ReadJob;
}
interface Done {
  id: number;
  result: ReadResult;
}

/** A reader in a separate thread. If the thread crashes, the process exits, and its parent restarts it. */
export function createThreadedReader(config: ReaderConfig): RequestReader {
  const worker = new Worker(new URL(import.meta.url), { workerData: { readerThread: config } });
  const waiting = new Map<number, (result: ReadResult) => void>();
  let lastId = 0;
  worker.on('message', ({ id, result }: Done) => {
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  return {
    read(job) {
      const order: Order = { id: ++lastId, job };
      return new Promise((resolve) => {
        waiting.set(order.id, resolve);
        worker.postMessage(order);
      });
    },
    stop: async () => void (await worker.terminate()),
  };
}

function serve(config: ReaderConfig): void {
  sharp.concurrency(1);
  const reader = createRequestReader(config);
  parentPort?.on('message', async ({ id, job }: Order) => {
    const done: Done = { id, result: await reader.read(job) };
    parentPort?.postMessage(done);
  });
}

if (!isMainThread && workerData?.readerThread) serve(workerData.readerThread);
