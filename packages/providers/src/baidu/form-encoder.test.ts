import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFormValueWriter, encodedLength, leastEncodedLength, PIECE_BYTES } from './form-encoder.ts';

const reference = (bytes: Uint8Array) => encodeURIComponent(Buffer.from(bytes).toString('base64'));

function written(head: string, pieces: Uint8Array[], expectedBytes: number): string {
  const writer = createFormValueWriter(head, expectedBytes);
  for (const piece of pieces) writer.write(piece);
  const body = writer.finish().toString('latin1');
  expect(writer.encodedBytes()).toBe(body.length - head.length);
  return body;
}

describe('the form encoder', () => {
  it('writes what base64 and encodeURIComponent give, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 8 }), fc.nat(300), (pieces, expected) => {
        const whole = Buffer.concat(pieces);
        expect(written('a=1&image=', pieces, expected)).toBe(`a=1&image=${reference(whole)}`);
        expect(encodedLength(whole)).toBe(reference(whole).length);
        expect(leastEncodedLength(whole.length)).toBeLessThanOrEqual(reference(whole).length);
      }),
    );
  });

  it('writes every pair of characters', () => {
    const all = Buffer.alloc(4096 * 3);
    for (let unit = 0; unit < 4096; unit++) all.writeUIntBE(unit * 4096 + (4095 - unit), unit * 3, 3);
    expect(written('', [all], all.length)).toBe(reference(all));
  });

  it.each([0xff, 0xfb, 0x00])('grows when a value is full of one byte (%i)', (byte) => {
    const flat = Buffer.alloc(PIECE_BYTES * 5 + 1, byte);
    const pieces = [0, 1, 2, 3, 4, 5].map((n) => flat.subarray(n * PIECE_BYTES, (n + 1) * PIECE_BYTES));
    expect(written('x=', pieces, flat.length)).toBe(`x=${reference(flat)}`);
  });

  it('allocates once, and little more than it needs, for random bytes', () => {
    const bytes = randomBytes(1_000_000);
    const writer = createFormValueWriter('image=', bytes.length);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) writer.write(bytes.subarray(at, at + PIECE_BYTES));
    const body = writer.finish();
    expect(body.toString('latin1')).toBe(`image=${reference(bytes)}`);
    expect(body.buffer.byteLength).toBeLessThan(body.length * 1.01);
  });
});
