import { describe, expect, it } from 'vitest';
import { crc32c, createChecksum, isWellFormed } from './checksums.ts';

describe('checksums', () => {
  it('match the published check values of the string 123456789', () => {
    const values = { CRC32: 'cbf43926', CRC32C: 'e3069283' } as const;
    for (const [algorithm, hex] of Object.entries(values)) {
      const checksum = createChecksum(algorithm as keyof typeof values);
      for (const part of ['1234', '', '56789']) checksum.update(Buffer.from(part));
      expect(checksum.base64()).toBe(Buffer.from(hex, 'hex').toString('base64'));
    }
  });

  it('match RFC 3720 for CRC32C of 32 zero bytes', () => {
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  });

  it('check the length of a value', () => {
    expect([
      isWellFormed('CRC32', 'NhCmhg=='),
      isWellFormed('CRC32', 'NhCm'),
      isWellFormed('SHA256', 'NhCmhg=='),
    ]).toEqual([true, false, false]);
  });
});
