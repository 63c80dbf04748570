import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeBmp, makeRunLengthBmp } from './bmp.fixture.ts';
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

  it('scales fields of any width and order to 8 bits', () => {
    const masks = fc.constantFrom(
      { bitsPerPixel: 16 as const },
      { bitsPerPixel: 16 as const, masks: [0xf800, 0x07e0, 0x001f] as const },
      { bitsPerPixel: 16 as const, masks: [0x000f, 0x00f0, 0x0f00] as const },
      { bitsPerPixel: 32 as const, masks: [0xff, 0xff00, 0xff0000] as const },
      { bitsPerPixel: 32 as const, masks: [0xff000000, 0xff0000, 0xff00] as const },
    );
    fc.assert(
      fc.property(sides, sides, fc.boolean(), masks, (widthPx, heightPx, topDown, kind) => {
        const { data } = decodeBmp(makeBmp({ widthPx, heightPx, topDown, ...kind, pixel }));
        const [x, y] = [widthPx - 1, heightPx - 1];
        const { r, g, b } = pixel(x, y);
        for (const [n, value] of [r, g, b].entries()) expect(Math.abs(data.at(n - 3)! - value)).toBeLessThanOrEqual(17);
        const white = makeBmp({ widthPx, heightPx, ...kind, pixel: () => ({ r: 255, g: 255, b: 255 }) });
        expect(decodeBmp(white).data.every((value) => value === 255)).toBe(true);
      }),
    );
  });

  it('reads a last row without its padding', () => {
    for (const bitsPerPixel of [1, 8, 16, 24] as const) {
      const whole = makeBmp({ widthPx: 5, heightPx: 3, bitsPerPixel, pixel });
      const rowBytes = Math.ceil((5 * bitsPerPixel) / 8);
      const bare = whole.subarray(0, whole.length - ((4 - (rowBytes % 4)) % 4));
      expect(decodeBmp(bare).data).toEqual(decodeBmp(whole).data);
      expect(() => decodeBmp(bare.subarray(0, -1))).toThrow(truncated);
    }
  });

  it('decodes runs, literals, row ends and jumps of RLE8, from the bottom up', () => {
    const codes = [3, 7, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 2, 1, 1, 2, 9, 0, 1];
    const grey = decodeBmp(makeRunLengthBmp(4, 4, 8, codes)).data.filter((_, n) => n % 3 === 0);
    expect([...grey]).toEqual([0, 9, 9, 0, 0, 0, 0, 0, 1, 2, 3, 0, 7, 7, 7, 0]);
  });

  it('decodes RLE4, whose runs alternate two colours', () => {
    const codes = [5, 0x12, 0, 0, 0, 5, 0x34, 0x56, 0x70, 0, 0, 1];
    const grey = decodeBmp(makeRunLengthBmp(5, 2, 4, codes)).data.filter((_, n) => n % 3 === 0);
    expect([...grey]).toEqual([3, 4, 5, 6, 7, 1, 2, 1, 2, 1]);
  });

  it('drops runs beyond the row, accepts a missing end code, and calls a cut file truncated', () => {
    expect(decodeBmp(makeRunLengthBmp(2, 1, 8, [9, 5])).data).toEqual(Buffer.alloc(6, 5));
    expect(() => decodeBmp(makeRunLengthBmp(4, 4, 8, [4, 5, 0, 0, 4, 6]))).toThrow(truncated);
    expect(() => decodeBmp(makeRunLengthBmp(4, 1, 8, [0, 4, 1, 2]))).toThrow(truncated);
  });

  it('spends no time on runs beyond the row', () => {
    const runs = Buffer.alloc(4 * 1024 * 1024, Buffer.from([255, 5]));
    const file = Buffer.concat([makeRunLengthBmp(100, 100, 8, []), runs]);
    const startMs = performance.now();
    expect(() => decodeBmp(file)).toThrow(truncated);
    expect(performance.now() - startMs).toBeLessThan(1000);
  });

  it('returns or rejects for any run-length data', () => {
    fc.assert(
      fc.property(sides, sides, fc.constantFrom(4 as const, 8 as const), fc.uint8Array(), (w, h, bits, codes) => {
        try {
          expect(decodeBmp(makeRunLengthBmp(w, h, bits, [...codes, 0])).data.length).toBe(w * h * 3);
        } catch (error) {
          expect(error).toMatchObject({ code: 'image_unusable' });
        }
      }),
    );
  });
});

const truncated = expect.objectContaining({ fields: { reason: 'truncated' } });
