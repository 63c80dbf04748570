// Maps a key to a file name. Short keys stay readable, and no key leads outside the folder.
// The name always contains a digest, because some file systems ignore case and would merge two keys.
import { createHash } from 'node:crypto';

/** Longest key in bytes, as in S3. */
export const maxKeyBytes = 1024;

/** Folders per bucket: few enough that writers share folder syncs, and enough to keep each folder small. */
export const shardNames: readonly string[] = Array.from('0123456789abcdef');

/** File names have at most 255 bytes on common systems. This leaves 20 bytes for the digest and a margin. */
const maxEncodedBytes = 235;
const digestLength = 16;

export type ObjectName = { shard: string; file: string };

/** The folder and the file name of a key. The name has at most 255 bytes, all of `[A-Za-z0-9._~%-]`. */
export function objectName(key: string): ObjectName {
  const digest = createHash('sha256').update(key, 'utf8').digest('hex');
  const shard = digest[0] as string;
  const encoded = encodeName(key);
  if (encoded.length > maxEncodedBytes) return { shard, file: `~${digest}` };
  return { shard, file: `${encoded}~${digest.slice(0, digestLength)}` };
}

/** The key of a file, or undefined if the key was too long for the name. Its description then contains the key. */
export function keyOfFile(file: string): string | undefined {
  const end = file.lastIndexOf('~');
  return end <= 0 ? undefined : decodeURIComponent(file.slice(0, end));
}

function encodeName(key: string): string {
  return encodeURIComponent(key).replace(/[!'()*~]/g, percent);
}

function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
