/** Receives the body of an upload: each chunk is sealed and stored as it arrives, and no more is kept in memory. */
import type { Readable } from 'node:stream';
import type { UploadWriter } from '@cardseal/core/ledger';
import { Problem } from '../../http/problems/index.ts';

const CHUNK_BYTES = 1024 * 1024;
const MAX_PIECES = 1024;

/**
 * Throws Problem `upload_refused` unless exactly `sizeBytes` arrive. Before that nothing is committed, and a refusal
 * leaves nothing behind.
 */
export async function receiveUpload(body: Readable, writer: UploadWriter, sizeBytes: number): Promise<void> {
  try {
    await writeChunks(body, writer, sizeBytes);
  } catch (error) {
    // Chunks that remain belong to no upload, and the sweep deletes them.
    await writer.abandon().catch(() => {});
    throw error;
  }
  if (!(await writer.complete())) throw new Problem('upload_refused', 'The upload was completed before.');
}

async function writeChunks(body: Readable, writer: UploadWriter, sizeBytes: number): Promise<void> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let receivedBytes = 0;
  const flush = async () => {
    if (heldBytes > 0) await writer.write(Buffer.concat(held));
    held = [];
    heldBytes = 0;
  };
  for await (const part of body as AsyncIterable<Buffer>) {
    receivedBytes += part.length;
    if (receivedBytes > sizeBytes) throw new Problem('upload_refused', 'The body is longer than it was signed for.');
    held.push(part);
    heldBytes += part.length;
    // Each piece takes memory in addition to its bytes, and a client may send one byte at a time.
    if (held.length === MAX_PIECES) held = [Buffer.concat(held)];
    if (heldBytes >= CHUNK_BYTES) await flush();
  }
  if (receivedBytes !== sizeBytes) throw new Problem('upload_refused', 'The body is shorter than it was signed for.');
  await flush();
}
