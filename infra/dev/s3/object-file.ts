// One object is one file: the body, then its description in JSON, then the description's length and a mark.
// One rename makes body and description visible together, so a crash never leaves one without the other.
import { type FileHandle, open } from 'node:fs/promises';

const mark = Buffer.from('S3DOUBL1', 'latin1');
const tailBytes = mark.length + 4;
/** One read of this size contains the description of nearly every object, and small objects as a whole. */
const firstReadBytes = 4096;

export type StoredChecksum = { algorithm: string; value: string };

/** Everything about an object except its body. `etag` is the MD5 in hex; `checksum.value` is base64. */
export type ObjectMeta = {
  key: string;
  sizeBytes: number;
  etag: string;
  modifiedAtMs: number;
  headers: Record<string, string>;
  metadata: Record<string, string>;
  checksum?: StoredChecksum;
  /** Absent for objects that were written while the bucket had no versions; their version id is `null`. */
  versionId?: string;
  deleteMarker?: true;
};

export function encodeTail(meta: ObjectMeta): Buffer {
  const description = Buffer.from(JSON.stringify(meta), 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(description.length);
  return Buffer.concat([description, length, mark]);
}

/** An open object: its description and, if the file is small, its body. The caller closes the handle. */
export type OpenObject = { handle: FileHandle; meta: ObjectMeta; body: Buffer | undefined };

/**
 * Opens an object file and reads its description.
 * @throws the file system's error if the file is absent; Error if it is not a complete object.
 */
export async function openObject(path: string): Promise<OpenObject> {
  const handle = await open(path, 'r');
  try {
    return { handle, ...(await readTail(handle)) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export async function readMeta(path: string): Promise<ObjectMeta> {
  const { handle, meta } = await openObject(path);
  await handle.close();
  return meta;
}

async function readTail(handle: FileHandle): Promise<{ meta: ObjectMeta; body: Buffer | undefined }> {
  const { size } = await handle.stat();
  let tail = await readAt(handle, Math.max(0, size - firstReadBytes), Math.min(size, firstReadBytes));
  if (tail.length < tailBytes || !tail.subarray(-mark.length).equals(mark)) throw new Error('incomplete object file');
  const descriptionBytes = tail.readUInt32BE(tail.length - tailBytes);
  const wanted = descriptionBytes + tailBytes;
  if (wanted > size) throw new Error('incomplete object file');
  if (wanted > tail.length) tail = await readAt(handle, size - wanted, wanted);
  const start = tail.length - wanted;
  const meta = JSON.parse(tail.toString('utf8', start, start + descriptionBytes)) as ObjectMeta;
  return { meta, body: tail.length === size ? tail.subarray(0, start) : undefined };
}

/** Reads exactly this many bytes, and throws if the file is shorter. */
export async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) throw new Error('incomplete object file');
    filled += bytesRead;
  }
  return buffer;
}
