// Which file holds which object. Names stay readable where they can, and can never leave their folder, whatever the key says.
// A digest is always part of the name, so that file systems which ignore case cannot make two keys one.
import { createHash } from 'node:crypto';

/** Longest key in bytes, as in S3. */
export const maxKeyBytes = 1024;

/** Folders per bucket: few enough that grouped directory syncs pay, enough to keep each folder's tree shallow. */
export const shardNames: readonly string[] = Array.from('0123456789abcdef');

/** 255 is the limit of file names everywhere; 20 bytes are left for the digest and a margin. */
const maxEncodedBytes = 235;
const digestLength = 16;

export type ObjectName = { shard: string; file: string };

/** The folder and the file of a key; at most 255 bytes, of `[A-Za-z0-9._~%-]` only. */
export function objectName(key: string): ObjectName {
  const digest = createHash('sha256').update(key, 'utf8').digest('hex');
  const shard = digest[0] as string;
  const encoded = encodeName(key);
  if (encoded.length > maxEncodedBytes) return { shard, file: `~${digest}` };
  return { shard, file: `${encoded}~${digest.slice(0, digestLength)}` };
}

/** The key of a file, or undefined when the name is too short to hold it (then the file itself tells). */
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
