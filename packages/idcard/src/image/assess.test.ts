import { createCipheriv, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assessImage } from './assess.ts';
import { encodedLengthBound } from './encoded-length.ts';
import type { ImageFacts } from './facts.ts';
import { defaultImageLimits as limits } from './limits.ts';
import { describeImageReason, imageReasons } from './reasons.ts';

const good: ImageFacts = {
  format: 'jpeg',
  widthPx: 1600,
  heightPx: 1000,
  colorModel: 'ycbcr',
  bitDepth: 8,
  progressive: false,
  interlaced: false,
  orientation: 1,
};
const assess = (change: Partial<ImageFacts>, sizeBytes = 500_000, fit = true) =>
  assessImage({ ...good, ...change }, sizeBytes, limits, { fit });
const reasons = (change: Partial<ImageFacts>, sizeBytes?: number) => {
  const assessment = assess(change, sizeBytes);
  return assessment.kind === 'fit' ? assessment.reasons : assessment.kind;
};

describe('assessImage', () => {
  it('does not change a good image, including turned ones and each format', () => {
    for (const orientation of [1, 3, 6, 8] as const) expect(assess({ orientation })).toEqual({ kind: 'as-is' });
    for (const format of ['jpeg', 'png', 'bmp'] as const) expect(assess({ format })).toEqual({ kind: 'as-is' });
    expect(assess({ widthPx: 4096, heightPx: 15 })).toEqual({ kind: 'as-is' });
  });

  it('names each broken limit', () => {
    expect(reasons({ widthPx: 4097 })).toEqual(['side_too_long']);
    expect(reasons({}, 2_900_000)).toEqual(['too_many_bytes']);
    expect(reasons({ colorModel: 'cmyk' })).toEqual(['cmyk']);
    expect(reasons({ progressive: true })).toEqual(['progressive']);
    expect(reasons({ format: 'png', interlaced: true })).toEqual(['interlaced']);
    expect(reasons({ format: 'png', bitDepth: 16 })).toEqual(['bit_depth']);
    expect(reasons({ orientation: 5 })).toEqual(['mirrored']);
    expect(reasons({ widthPx: 9000, heightPx: 5000, progressive: true }, 9e6)).toEqual([
      'side_too_long',
      'too_many_bytes',
      'progressive',
    ]);
  });

  it('refuses the hopeless with a reason and a sentence', () => {
    const hopeless = (change: Partial<ImageFacts>, sizeBytes?: number) => {
      const assessment = assess(change, sizeBytes);
      return assessment.kind === 'hopeless' ? assessment.reason : assessment.kind;
    };
    expect(hopeless({ heightPx: 14 })).toBe('side_too_short');
    expect(hopeless({ widthPx: 16_384, heightPx: 40 })).toBe('too_elongated');
    expect(hopeless({ widthPx: 20_000 })).toBe('too_many_pixels');
    expect(hopeless({ widthPx: 10_000, heightPx: 5_001 })).toBe('too_many_pixels');
    expect(hopeless({}, 40 * 1024 * 1024 + 1)).toBe('input_too_large');
  });

  it('refuses instead of fitting where fitting is off', () => {
    const detail = describeImageReason('side_too_long');
    expect(assess({ widthPx: 5000 }, 1000, false)).toEqual({ kind: 'hopeless', reason: 'side_too_long', detail });
    expect(assess({}, 1000, false)).toEqual({ kind: 'as-is' });
  });

  it('follows the configuration', () => {
    const open = {
      ...limits,
      acceptCmyk: true,
      acceptProgressive: true,
      acceptInterlaced: true,
      accept16Bit: true,
      acceptMirrored: true,
    };
    const odd: ImageFacts = {
      ...good,
      colorModel: 'cmyk',
      progressive: true,
      interlaced: true,
      bitDepth: 16,
      orientation: 2,
    };
    expect(assessImage(odd, 1000, open, { fit: true })).toEqual({ kind: 'as-is' });
    const narrow = { ...limits, formats: ['jpeg'] as const };
    expect(assessImage({ ...good, format: 'bmp' }, 1000, narrow, { fit: true })).toEqual({
      kind: 'fit',
      reasons: ['format_not_accepted'],
    });
  });

  it('has a sentence for every reason', () => {
    for (const reason of imageReasons) expect(describeImageReason(reason)).toMatch(/^[A-Z].{30,}\.$/);
  });
});

describe('encodedLengthBound', () => {
  const encodedLength = (bytes: Buffer) => encodeURIComponent(bytes.toString('base64')).length;

  it('is never below the length of random bytes, and within one percent of it for images', () => {
    const sizes = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1000, max: 200_000 }));
    fc.assert(
      fc.property(sizes, (sizeBytes) => {
        const bound = encodedLengthBound(sizeBytes);
        const real = encodedLength(randomBytes(sizeBytes + 16 - (sizeBytes % 16)));
        expect(real).toBeLessThanOrEqual(bound);
        if (sizeBytes > 150_000) expect(real).toBeGreaterThan(bound * 0.99);
      }),
      { numRuns: 300 },
    );
    const large = encodedLength(randomBytes(2_800_000));
    expect(large).toBeLessThanOrEqual(encodedLengthBound(2_800_000));
    expect(large).toBeGreaterThan(encodedLengthBound(2_800_000) * 0.998);
  });

  it('allows for repeated blocks, which ECB encrypts alike', () => {
    const flat = Buffer.alloc(48_000, 0xff);
    for (let n = 0; n < 200; n++) {
      const cipher = createCipheriv('aes-128-ecb', randomBytes(16), null);
      const real = encodedLength(Buffer.concat([cipher.update(flat), cipher.final()]));
      expect(real).toBeLessThanOrEqual(encodedLengthBound(flat.length, true));
    }
  });
});
