import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EncodingSetting, floorQuality, searchEncoding } from './encoding-search.ts';

/** An image as a function from setting to size: monotone in quality, with uneven steps, and a jump at scale 1. */
function model(sizeAt85: number, steepness: number, lumps: readonly number[], jump: number) {
  const growth = lumps.map((lump) => steepness * (1 + lump));
  return ({ quality, quantisationTable, subsampled, trellis, scale }: EncodingSetting) => {
    let size = sizeAt85;
    for (let q = 85; q < quality; q++) size *= 1 + growth[q % growth.length]!;
    for (let q = 85; q > quality; q--) size /= 1 + growth[q % growth.length]!;
    const table = [1, 1.8, 0.985, 0.945, 1, 0.95, 1.02, 1.65, 1.45][quantisationTable]!;
    return Math.round(
      size * table * (trellis ? 0.84 : 1) * (subsampled ? 1 : 1.6) * (scale < 1 ? jump * scale ** 1.8 : 1),
    );
  };
}

const pictures = fc.record({
  sizeAt85: fc.integer({ min: 1_000, max: 30_000_000 }),
  steepness: fc.double({ min: 0.01, max: 0.08, noNaN: true }),
  lumps: fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { minLength: 1, maxLength: 8 }),
  jump: fc.double({ min: 0.7, max: 1.5, noNaN: true }),
  firstQuality: fc.constantFrom(85, 95),
  sampleDivisor: fc.integer({ min: 4, max: 12 }),
});

const limit = 2_820_655;

async function run(
  picture: { [K in 'sizeAt85' | 'steepness' | 'jump' | 'firstQuality' | 'sampleDivisor']: number } & {
    lumps: number[];
  },
  maxQuality = 100,
) {
  const sizeOf = model(picture.sizeAt85, picture.steepness, picture.lumps, picture.jump);
  const tried: EncodingSetting[] = [];
  const choice = await searchEncoding({
    encode: async (setting) => {
      tried.push(setting);
      return Buffer.from(String(sizeOf(setting)));
    },
    fillOf: () => sizeOf(tried.at(-1)!) / limit,
    sampleBytes: async (setting) => sizeOf(setting) / picture.sampleDivisor,
    firstQuality: picture.firstQuality,
    maxQuality,
    minScale: 0.01,
  });
  return { ...choice, tried, sizeOf };
}

describe('searchEncoding', () => {
  it('never exceeds the limit, and never goes below the floor of quality', async () => {
    await fc.assert(
      fc.asyncProperty(pictures, async (picture) => {
        const { best, tried, encodes } = await run(picture);
        expect(best!.fill).toBeLessThanOrEqual(1);
        expect(tried.every((setting) => setting.quality >= floorQuality && setting.quality <= 100)).toBe(true);
        expect(encodes).toBeLessThanOrEqual(24);
      }),
    );
  });

  it('gives up no pixel while the floor of quality fits', async () => {
    await fc.assert(
      fc.asyncProperty(pictures, async (picture) => {
        const { best, sizeOf } = await run(picture);
        const atFloor = sizeOf({
          quality: floorQuality,
          quantisationTable: 0,
          subsampled: true,
          trellis: false,
          scale: 1,
        });
        expect(best!.setting.scale === 1).toBe(atFloor <= limit);
      }),
    );
  });

  it('leaves less than one step of quality unused', async () => {
    await fc.assert(
      fc.asyncProperty(pictures, async (picture) => {
        const { best, sizeOf } = await run(picture);
        if (best!.fill >= 0.97 || best!.setting.scale < 1) return;
        const plain = (quality: number) =>
          sizeOf({ quality, quantisationTable: 0, subsampled: true, trellis: false, scale: 1 });
        let highest = floorQuality;
        while (highest < 100 && plain(highest + 1) <= limit) highest += 1;
        expect(best!.fill * limit).toBeGreaterThanOrEqual(plain(highest) - 1);
      }),
    );
  });

  it('is content with one encode where bytes are no concern', async () => {
    const small = { sizeAt85: 50_000, steepness: 0.05, lumps: [0], jump: 1, firstQuality: 95, sampleDivisor: 8 };
    const { encodes, best } = await run(small, 95);
    expect(encodes).toBe(1);
    expect(best!.setting.quality).toBe(95);
  });

  it('spends bytes that are left over at the highest quality', async () => {
    const middling = { sizeAt85: 1_100_000, steepness: 0.02, lumps: [0], jump: 1, firstQuality: 85, sampleDivisor: 8 };
    const { best, sizeOf } = await run(middling);
    const plain = sizeOf({ quality: 100, quantisationTable: 0, subsampled: true, trellis: false, scale: 1 });
    expect(best!.fill * limit).toBeGreaterThan(plain * 1.3);
  });

  it('gives up where nothing fits', async () => {
    const choice = await searchEncoding({
      encode: async () => Buffer.from('x'),
      fillOf: () => 2,
      sampleBytes: async () => 1,
      firstQuality: 85,
      maxQuality: 100,
      minScale: 0.1,
    });
    expect(choice.best).toBeUndefined();
  });
});
