import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeBmp } from './bmp.fixture.ts';
import { decodeBmp } from './bmp-pixels.ts';

const sides = fc.integer({ min: 1, max: 40 });
const pixel = (x: number, y: number) => ({ r: (x * 37) & 255, g: (y * 59) & 255, b: (x * 7 + y * 11) & 255 });

describe('decodeBmp', () => {
  it('returns the pixels that were written, whatever the depth, direction and padding', () => {
    const kinds = fc.constantFrom(
      { bitsPerPixel: 24 as const },
      { bitsPerPixel: 24 as const, os2: true },
      { bitsPerPixel: 32 as const },
      { bitsPerPixel: 32 as const, masks: [0xff0000, 0xff00, 0xff] as const },
    );
    fc.assert(
      fc.property(sides, sides, fc.boolean(), kinds, (widthPx, heightPx, flip, kind) => {
        const topDown = flip && !('os2' in kind);
        const { data } = decodeBmp(makeBmp({ widthPx, heightPx, topDown, ...kind, pixel }));
        expect(data.length).toBe(widthPx * heightPx * 3);
        for (let y = 0; y < heightPx; y++) {
          for (let x = 0; x < widthPx; x++) {
            const { r, g, b } = pixel(x, y);
            const at = (y * widthPx + x) * 3;
            if (data[at] !== r || data[at + 1] !== g || data[at + 2] !== b) expect.fail(`pixel ${x},${y}`);
          }
        }
      }),
    );
  });

  it('looks palettes up', () => {
    const palette = Array.from({ length: 256 }, (_, n) => [n, 255 - n, (n * 3) & 255] as const);
    fc.assert(
      fc.property(
        sides,
        sides,
        fc.constantFrom(1 as const, 4 as const, 8 as const),
        fc.boolean(),
        (widthPx, heightPx, bits, os2) => {
          const indexAt = (x: number, y: number) => (x + y * 3) % 2 ** bits;
          const own = palette.slice(0, 2 ** bits);
          const bytes = makeBmp({
            widthPx,
            heightPx,
            bitsPerPixel: bits,
            os2,
            palette: own,
            pixel: (x, y) => ({ r: indexAt(x, y), g: 0, b: 0 }),
          });
          const { data } = decodeBmp(bytes);
          const [x, y] = [widthPx - 1, heightPx - 1];
          expect([...data.subarray(-3)]).toEqual([...own[indexAt(x, y)]!]);
          expect([...data.subarray(0, 3)]).toEqual([...own[indexAt(0, 0)]!]);
        },
      ),
    );
  });

  it('refuses run lengths, unusual masks and 16 bits by name', () => {
    const plain = makeBmp({ widthPx: 8, heightPx: 8, bitsPerPixel: 8 });
    plain.writeUInt32LE(1, 30);
    const masks = makeBmp({ widthPx: 8, heightPx: 8, bitsPerPixel: 32, masks: [0xff, 0xff00, 0xff0000] });
    const shallow = makeBmp({ widthPx: 8, heightPx: 8, bitsPerPixel: 24 });
    shallow.writeUInt16LE(16, 28);
    for (const bytes of [plain, masks, shallow]) {
      expect(() => decodeBmp(bytes)).toThrow(expect.objectContaining({ fields: { reason: 'unsupported_bmp' } }));
    }
  });
});
