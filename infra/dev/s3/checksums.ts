// The checksums that S3 clients send with a body. The store computes them while the body streams and compares them at its end.
// Node has no CRC32C, so this file has a table of the Castagnoli polynomial (reflected 0x82F63B78).
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'SHA1' | 'SHA256';
export const checksumAlgorithms: readonly ChecksumAlgorithm[] = ['CRC32', 'CRC32C', 'SHA1', 'SHA256'];

/** A running checksum. `base64` finishes it and returns it in the form of S3's headers. */
export type Checksum = { update(chunk: Buffer): void; base64(): string };

export function headerOf(algorithm: string): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** Whether the value is base64 of the right length for this algorithm. */
export function isWellFormed(algorithm: ChecksumAlgorithm, value: string): boolean {
  const bytes = { CRC32: 4, CRC32C: 4, SHA1: 20, SHA256: 32 }[algorithm];
  return /^[A-Za-z0-9+/]+=*$/.test(value) && Buffer.from(value, 'base64').length === bytes;
}

export function createChecksum(algorithm: ChecksumAlgorithm): Checksum {
  if (algorithm === 'CRC32') return new Crc((chunk, value) => crc32(chunk, value));
  if (algorithm === 'CRC32C') return new Crc(crc32c);
  const hash = createHash(algorithm.toLowerCase());
  return { update: (chunk) => void hash.update(chunk), base64: () => hash.digest('base64') };
}

class Crc implements Checksum {
  readonly #step: (chunk: Buffer, value: number) => number;
  #value = 0;

  constructor(step: (chunk: Buffer, value: number) => number) {
    this.#step = step;
  }

  update(chunk: Buffer): void {
    this.#value = this.#step(chunk, this.#value);
  }

  base64(): string {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(this.#value);
    return bytes.toString('base64');
  }
}

const castagnoli = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

/** CRC32C of a chunk. `value` is the result for the bytes before it, 0 at the start. */
export function crc32c(chunk: Buffer, value = 0): number {
  let crc = ~value;
  for (const byte of chunk) crc = (crc >>> 8) ^ (castagnoli[(crc ^ byte) & 0xff] as number);
  return ~crc >>> 0;
}
