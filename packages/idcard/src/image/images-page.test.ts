/** Holds `docs/use/images.md` against the code: limits, reasons, sentences, and the shape of `adjusted`. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assessImage } from './assess.ts';
import type { ImageFacts } from './facts.ts';
import { fitImage } from './fit.ts';
import { inspectImage } from './inspect.ts';
import { defaultImageLimits, type ImageLimits } from './limits.ts';
import { drawPhoto } from './photo.fixture.ts';
import { describeImageReason, type FitReason, type ImageReason, imageReasons } from './reasons.ts';

const page = readFileSync(new URL('../../../../docs/use/images.md', import.meta.url), 'utf8');

function tableUnder(heading: string): string[][] {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

const plain: ImageFacts = {
  format: 'jpeg',
  widthPx: 1000,
  heightPx: 630,
  colorModel: 'ycbcr',
  bitDepth: 8,
  progressive: false,
  interlaced: false,
  orientation: 1,
};
/** An image that breaks one limit and no other. */
const broken: Record<FitReason, [Partial<ImageFacts>, sizeBytes?: number, limits?: Partial<ImageLimits>]> = {
  too_many_bytes: [{}, 3_000_000],
  side_too_long: [{ widthPx: 5000 }],
  cmyk: [{ colorModel: 'cmyk' }],
  progressive: [{ progressive: true }],
  interlaced: [{ interlaced: true }],
  bit_depth: [{ bitDepth: 16 }],
  uncommon_bmp: [{ format: 'bmp', uncommonBmp: true }],
  mirrored: [{ orientation: 2 }],
  no_end_marker: [{ noEndMarker: true }],
  late_height: [{ lateHeight: true }],
  several_pages: [{ severalPages: true }],
  format_not_accepted: [{}, 1000, { formats: ['png'] }],
};

describe('docs/use/images.md', () => {
  const fitted = tableUnder('Fitting');
  const refused = tableUnder('Refused');

  it.each(tableUnder('Limits'))('says of the limit %s what holds: %s', (name, value) => {
    expect(defaultImageLimits[name as keyof ImageLimits]).toBe(Number(value));
  });

  it('has every reason once, with its sentence', () => {
    const written = Object.fromEntries([...fitted, ...refused].map(([code, sentence]) => [code, sentence]));
    const known = imageReasons.map((code) => [code, describeImageReason(code as ImageReason)]);
    expect(written).toEqual(Object.fromEntries(known));
    expect(fitted.length + refused.length).toBe(imageReasons.length);
  });

  it('lists as fittable the limits that fitting repairs and that are refused without fitting', () => {
    expect(fitted.map(([code]) => code).sort()).toEqual(Object.keys(broken).sort());
    for (const [reason, [facts, sizeBytes = 1000, limits = {}]] of Object.entries(broken)) {
      const assess = (fit: boolean) =>
        assessImage({ ...plain, ...facts }, sizeBytes, { ...defaultImageLimits, ...limits }, { fit });
      expect(assess(true)).toEqual({ kind: 'fit', reasons: [reason] });
      expect(assess(false)).toMatchObject({ kind: 'hopeless', reason });
    }
  });

  it('leaves images alone that are only turned', () => {
    for (const orientation of [3, 6, 8] as const) {
      expect(assessImage({ ...plain, orientation }, 1000, defaultImageLimits, { fit: true })).toEqual({
        kind: 'as-is',
      });
    }
  });

  it('shows the shape of what was done', async () => {
    const example = JSON.parse(/^```json adjusted\n([\s\S]*?)```$/m.exec(page)![1]!);
    const bytes = await drawPhoto({ widthPx: 200, heightPx: 100 }).jpeg({ progressive: true }).toBuffer();
    const { adjusted } = await fitImage(bytes, inspectImage(bytes), defaultImageLimits);
    expect(Object.keys(example)).toEqual(Object.keys(adjusted));
    expect(Object.keys(example.original)).toEqual(Object.keys(adjusted.original));
  });
});
