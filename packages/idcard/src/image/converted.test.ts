/** WebP, TIFF and AVIF: what the header readers say, and what the worker makes of them. */

import { RejectedError } from '@cardseal/base/errors';
import sharp, { type Sharp, type TiffOptions } from 'sharp';
import { describe, expect, it } from 'vitest';
import { fitImage } from './fit.ts';
import { inspectImage } from './inspect.ts';
import { defaultImageLimits as limits } from './limits.ts';
import { drawPhoto } from './photo.fixture.ts';

const photo = () => drawPhoto({ widthPx: 90, heightPx: 60, noise: 5 });
/** Left half red, right half blue. */
function halves(): Sharp {
  const data = Buffer.alloc(80 * 60 * 3);
  for (let n = 0; n < 80 * 60; n++) data[n * 3 + (n % 80 < 40 ? 0 : 2)] = 255;
  return sharp(data, { raw: { width: 80, height: 60, channels: 3 } });
}
/** A red frame, then two blue ones. */
const frames = async () => {
  const pages = [0, 1, 2].map((n) =>
    sharp({ create: { width: 40, height: 30, channels: 3, background: n === 0 ? '#ff0000' : '#0000ff' } })
      .png()
      .toBuffer(),
  );
  return sharp(await Promise.all(pages), { join: { animated: true } });
};
const fit = async (bytes: Buffer) => await fitImage(bytes, inspectImage(bytes), limits);

function reasonOf(bytes: Uint8Array): string {
  try {
    inspectImage(bytes);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error;
    return String(error.fields.reason);
  }
}

const tiffs: TiffOptions[] = [
  { compression: 'none' },
  { compression: 'lzw' },
  { compression: 'deflate' },
  { compression: 'packbits' },
  { compression: 'jpeg' },
  { compression: 'jpeg', tile: true, tileWidth: 32, tileHeight: 32 },
];
const samples: [string, () => Sharp][] = [
  ['webp', () => photo().webp()],
  ['webp', () => photo().webp({ lossless: true })],
  ['webp', () => photo().ensureAlpha(0.5).webp()],
  ['avif', () => photo().avif()],
  ['avif', () => photo().avif({ lossless: true })],
  ...tiffs.map((options): [string, () => Sharp] => ['tiff', () => photo().tiff(options)]),
];

describe.each(samples)('an image in %s (%#)', (format, make) => {
  it('has its size and format read from the header', async () => {
    const facts = inspectImage(await make().toBuffer());
    expect(facts).toMatchObject({ format, widthPx: 90, heightPx: 60, orientation: 1 });
    expect(facts.severalPages).toBeUndefined();
  });

  it('is sent as a JPEG that shows the same', async () => {
    const { facts, adjusted, bytes } = await fit(await make().toBuffer());
    expect(facts).toMatchObject({ format: 'jpeg', widthPx: 90, heightPx: 60 });
    expect(adjusted).toMatchObject({ reasons: ['format_not_accepted'], original: { format, width: 90, height: 60 } });
    const wanted = await make()
      .toBuffer()
      .then((file) => sharp(file).flatten({ background: '#ffffff' }).raw().toBuffer());
    const seen = await sharp(bytes).raw().toBuffer();
    const difference = seen.reduce((sum, value, n) => sum + Math.abs(value - wanted[n]!), 0) / seen.length;
    expect(difference).toBeLessThan(4);
  });

  it('is refused as truncated wherever it is cut, or by the decoder', async () => {
    const bytes = await make().toBuffer();
    for (let kept = 40; kept < bytes.length - 1; kept += 1 + Math.floor(bytes.length / 60)) {
      expect(['truncated', 'damaged'], `${kept} of ${bytes.length}`).toContain(reasonOf(bytes.subarray(0, kept)));
    }
    expect(reasonOf(bytes.subarray(0, Math.floor(bytes.length / 2)))).toBe('truncated');
  });
});

describe('images with an orientation', () => {
  it.each([2, 3, 5, 6, 8])('are turned upright from orientation %i, in every format', async (orientation) => {
    const jpeg = await halves().withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
    const wanted = await sharp(jpeg).autoOrient().raw().toBuffer({ resolveWithObject: true });
    for (const file of [
      await halves().withMetadata({ orientation }).webp().toBuffer(),
      await halves().withMetadata({ orientation }).tiff().toBuffer(),
    ]) {
      const { bytes, adjusted } = await fit(file);
      const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
      expect([info.width, info.height]).toEqual([wanted.info.width, wanted.info.height]);
      const difference = data.reduce((sum, value, n) => sum + Math.abs(value - wanted.data[n]!), 0) / data.length;
      expect(difference).toBeLessThan(6);
      expect(adjusted.orientation_applied).toBe(true);
    }
  });
});

describe('files with several pages', () => {
  it.each(['webp', 'tiff'] as const)('give their first page, and the result says so (%s)', async (format) => {
    const bytes = await (await frames())[format]().toBuffer();
    expect(inspectImage(bytes)).toMatchObject({ widthPx: 40, heightPx: 30, severalPages: true });
    const { bytes: sent, adjusted } = await fit(bytes);
    expect(adjusted.reasons).toEqual(['format_not_accepted', 'several_pages']);
    const [red, , blue] = (await sharp(sent).stats()).channels.map(({ mean }) => mean);
    expect(red).toBeGreaterThan(240);
    expect(blue).toBeLessThan(20);
  });
});

describe('kinds that cannot be converted', () => {
  it('are refused at submit', async () => {
    const tiff = await photo().tiff({ compression: 'none' }).toBuffer();
    const compression = tiff.indexOf(Buffer.from('03010300', 'hex'));
    tiff.writeUInt16LE(34712, compression + 8);
    expect(reasonOf(tiff)).toBe('unsupported_format');
    const avif = await photo().avif().toBuffer();
    avif.write('hvc1', avif.indexOf('av01'));
    expect(reasonOf(avif)).toBe('unsupported_format');
  });

  it('includes sizes that the data cannot hold', async () => {
    const tiff = await photo().tiff({ compression: 'none' }).toBuffer();
    const height = tiff.indexOf(Buffer.from('0101', 'hex'));
    tiff.writeUInt16LE(30_000, height + 8);
    expect(reasonOf(tiff)).toBe('dimensions_lie');
  });
});
