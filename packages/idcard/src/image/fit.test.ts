import { RejectedError } from '@cardseal/base/errors';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { assessImage } from './assess.ts';
import { makeBmp, makeRunLengthBmp } from './bmp.fixture.ts';
import { encodedLengthBound } from './encoded-length.ts';
import { fitImage } from './fit.ts';
import { inspectImage } from './inspect.ts';
import { withDnl } from './jpeg.fixture.ts';
import { defaultImageLimits as limits } from './limits.ts';
import { drawPhoto } from './photo.fixture.ts';

const phone = { widthPx: 4032, heightPx: 3024 };
const fillOf = (bytes: Uint8Array, of = limits.maxEncodedBytes) => encodedLengthBound(bytes.length) / of;

async function fitted(picture: Sharp | Promise<Buffer> | Buffer, own = limits) {
  const bytes = await ('toBuffer' in picture ? picture.toBuffer() : picture);
  return await fitImage(bytes, inspectImage(bytes), own);
}

/** Red, green, blue, white quarters, clockwise from the top left. */
function quarters(width: number, height: number): Sharp {
  const data = Buffer.alloc(width * height * 3);
  const colors = [0xff0000, 0x00ff00, 0xffffff, 0x0000ff];
  for (let n = 0; n < width * height; n++) {
    const quarter = (n % width < width / 2 ? 0 : 1) + (n < (width * height) / 2 ? 0 : 2);
    data.writeUIntBE(colors[quarter]!, n * 3, 3);
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

async function cornersOf(bytes: Uint8Array): Promise<string> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => {
    const from = (y * info.width + x) * info.channels;
    return [...data.subarray(from, from + 3)].map((value) => (value > 128 ? '1' : '0')).join('');
  };
  const [x, y] = [info.width - 6, info.height - 6];
  return [at(5, 5), at(x, 5), at(x, y), at(5, y)].join(' ');
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, n) => sum + Math.abs(value - b[n]!), 0) / a.length;
}

describe('fitImage', () => {
  it('lands a 12-megapixel photo just under the byte limit, at full size', { timeout: 30_000 }, async () => {
    const { bytes, facts, adjusted, encodes } = await fitted(
      drawPhoto(phone).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }),
    );
    expect(fillOf(bytes)).toBeLessThanOrEqual(1);
    expect(fillOf(bytes)).toBeGreaterThanOrEqual(0.97);
    expect(facts).toMatchObject({ format: 'jpeg', widthPx: 3024, heightPx: 4032, progressive: false, orientation: 1 });
    expect(adjusted).toMatchObject({
      reasons: ['too_many_bytes'],
      width: 3024,
      height: 4032,
      orientation_applied: true,
    });
    expect(adjusted.original).toMatchObject({ format: 'jpeg', width: 4032, height: 3024 });
    expect(adjusted.quality).toBeGreaterThanOrEqual(70);
    expect(encodes).toBeLessThan(30);
  });

  it('gives up pixels only when the floor of quality is reached', async () => {
    const own = { ...limits, maxEncodedBytes: 150_000 };
    const noisy = await fitted(drawPhoto({ widthPx: 1000, heightPx: 750, noise: 50 }).jpeg({ quality: 95 }), own);
    expect(noisy.facts.widthPx).toBeLessThan(1000);
    expect(noisy.adjusted.quality).toBeGreaterThanOrEqual(70);
    expect(fillOf(noisy.bytes, 150_000)).toBeLessThanOrEqual(1);
    expect(fillOf(noisy.bytes, 150_000)).toBeGreaterThanOrEqual(0.97);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('applies orientation %i, for JPEG and PNG', async (orientation) => {
    const upright = await cornersOf(await quarters(80, 60).png().toBuffer());
    const turns = { 1: 0, 2: 0, 3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270 }[orientation]!;
    const mirrored = [2, 4, 5, 7].includes(orientation);
    // The pixels that a camera would store so that this orientation shows them upright.
    let stored = quarters(80, 60);
    if (mirrored) stored = sharp(await stored.flop().png().toBuffer());
    const back = mirrored && turns % 180 === 90 ? turns : (360 - turns) % 360;
    stored = sharp(await stored.rotate(back).png().toBuffer()).withMetadata({ orientation });
    for (const bytes of [
      await stored.clone().jpeg({ progressive: true }).toBuffer(),
      await stored.clone().png({ progressive: true }).toBuffer(),
    ]) {
      const result = await fitImage(bytes, inspectImage(bytes), limits);
      expect(inspectImage(bytes).orientation).toBe(orientation);
      expect(await cornersOf(result.bytes)).toBe(upright);
      expect(result.adjusted.orientation_applied).toBe(orientation !== 1);
    }
  });

  it('turns CMYK, 16 bits, interlacing, transparency and palettes into plain JPEG without changing colours', async () => {
    const wanted = await cornersOf(await quarters(80, 60).png().toBuffer());
    const cases: [string, Sharp][] = [
      ['progressive', quarters(80, 60).jpeg({ progressive: true })],
      ['bit_depth', quarters(80, 60).toColourspace('rgb16').png()],
      ['interlaced', quarters(80, 60).png({ progressive: true })],
      ['interlaced', quarters(80, 60).ensureAlpha(1).png({ progressive: true })],
      ['interlaced', quarters(80, 60).png({ palette: true, progressive: true })],
    ];
    for (const [reason, picture] of cases) {
      const { bytes, facts, adjusted } = await fitted(picture);
      expect(adjusted.reasons).toEqual([reason]);
      expect(facts).toMatchObject({ format: 'jpeg', colorModel: 'ycbcr', progressive: false });
      expect(await cornersOf(bytes)).toBe(wanted);
      expect(assessImage(facts, bytes.length, limits, { fit: false })).toEqual({ kind: 'as-is' });
    }
    const cmyk = await fitted(
      sharp({ create: { width: 40, height: 40, channels: 3, background: '#c04020' } })
        .toColourspace('cmyk')
        .jpeg(),
    );
    expect(cmyk.adjusted.reasons).toEqual(['cmyk']);
    const [red, green, blue] = (await sharp(cmyk.bytes).stats()).channels.map((channel) => channel.mean);
    expect(red).toBeGreaterThan(150);
    expect(Math.max(green!, blue!)).toBeLessThan(110);
  });

  it('keeps grey images grey and puts transparent ones on white', async () => {
    const grey = await fitted(
      sharp({ create: { width: 40, height: 40, channels: 3, background: '#777777' } })
        .toColourspace('b-w')
        .jpeg({ progressive: true }),
    );
    expect(grey.facts.colorModel).toBe('grey');
    const clear = sharp({ create: { width: 40, height: 40, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } });
    expect(await cornersOf((await fitted(clear.png({ progressive: true }))).bytes)).toBe('111 111 111 111');
  });

  it('scales to the longest side allowed, keeping the proportion', async () => {
    const { facts, adjusted } = await fitted(quarters(6000, 1500).jpeg());
    expect(adjusted.reasons).toEqual(['side_too_long']);
    expect(facts).toMatchObject({ widthPx: 4096, heightPx: 1024 });
  });

  it('reads BMP, which the image library does not', async () => {
    const wave = (x: number, y: number) => ({ r: x & 255, g: y & 255, b: (x + y) & 255 });
    const bitmap = makeBmp({ widthPx: 1100, heightPx: 900, bitsPerPixel: 24, pixel: wave });
    const { bytes, facts } = await fitted(bitmap);
    expect(facts).toMatchObject({ format: 'jpeg', widthPx: 1100, heightPx: 900 });
    const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    const at = (100 * 1100 + 200) * 3;
    for (const [n, value] of [200, 100, 300 & 255].entries()) expect(Math.abs(data[at + n]! - value)).toBeLessThan(25);
    const wide = await fitted(makeBmp({ widthPx: 5000, heightPx: 20, bitsPerPixel: 8 }));
    expect(wide.facts.widthPx).toBe(4096);
  });

  it.each([false, true])('reads a whole JPEG without an end marker (progressive: %s)', async (progressive) => {
    const whole = await drawPhoto({ widthPx: 333, heightPx: 217 }).jpeg({ progressive }).toBuffer();
    const wanted = await sharp(whole).raw().toBuffer();
    for (const bytes of [
      whole.subarray(0, -2),
      whole.subarray(0, -1),
      Buffer.concat([whole.subarray(0, -2), Buffer.alloc(16)]),
    ]) {
      const { adjusted, bytes: sent } = await fitted(bytes);
      expect(adjusted.reasons).toContain('no_end_marker');
      const seen = await sharp(sent).raw().toBuffer();
      expect(seen.length).toBe(wanted.length);
      expect(meanDifference(seen, wanted)).toBeLessThan(3);
    }
  });

  it.each([false, true])(
    'calls a JPEG that misses data at its end truncated (progressive: %s)',
    async (progressive) => {
      const whole = await drawPhoto({ widthPx: 333, heightPx: 217 }).jpeg({ progressive }).toBuffer();
      const scan = whole.lastIndexOf(Buffer.from('ffda', 'hex')) + 20;
      for (let kept = whole.length - 4; kept > scan; kept -= 1 + Math.floor((whole.length - scan) / 25)) {
        const padded = Buffer.concat([whole.subarray(0, kept), Buffer.alloc(16)]);
        // The padding can replace a few missing bytes.
        for (const bytes of [whole.subarray(0, kept), ...(whole.length - kept > 500 ? [padded] : [])]) {
          await expect(fitted(bytes), `${kept} of ${whole.length}`).rejects.toMatchObject({
            fields: { reason: 'truncated' },
          });
        }
      }
    },
  );

  it('reads a JPEG whose height follows the scan', async () => {
    const whole = await drawPhoto({ widthPx: 333, heightPx: 217 }).jpeg().toBuffer();
    const { facts, adjusted, bytes } = await fitted(withDnl(whole));
    expect(facts).toMatchObject({ widthPx: 333, heightPx: 217 });
    expect(adjusted).toMatchObject({ reasons: ['late_height'], original: { width: 333, height: 217 } });
    expect(meanDifference(await sharp(bytes).raw().toBuffer(), await sharp(whole).raw().toBuffer())).toBeLessThan(3);
    await expect(fitted(withDnl(whole).subarray(0, -9))).rejects.toMatchObject({ fields: { reason: 'truncated' } });
  });

  it('applies an orientation that EXIF holds as a BYTE or a LONG', async () => {
    const upright = await cornersOf(await quarters(80, 60).png().toBuffer());
    const turned = sharp(await quarters(80, 60).rotate(270).png().toBuffer());
    const usual = await turned.withMetadata({ orientation: 6 }).jpeg({ progressive: true }).toBuffer();
    const entry = usual.indexOf(Buffer.from('12010300010000000600', 'hex'));
    for (const type of [1, 4, 9]) {
      const bytes = Buffer.from(usual);
      bytes.writeUInt16LE(type, entry + 2);
      expect(await cornersOf((await fitted(bytes)).bytes)).toBe(upright);
    }
  });

  it('converts every bitmap that the provider may refuse', async () => {
    const pixel = (x: number, y: number) => ({ r: (x * 8) & 255, g: (y * 8) & 255, b: 128 });
    for (const kind of [
      { bitsPerPixel: 1, pixel: () => ({ r: 1, g: 0, b: 0 }) },
      { bitsPerPixel: 8, pixel: () => ({ r: 200, g: 0, b: 0 }) },
      { bitsPerPixel: 16, pixel },
      { bitsPerPixel: 32, masks: [0xff, 0xff00, 0xff0000], pixel },
    ] as const) {
      const { facts, adjusted } = await fitted(makeBmp({ widthPx: 40, heightPx: 30, ...kind }));
      expect(adjusted.reasons).toEqual(['uncommon_bmp']);
      expect(facts).toMatchObject({ format: 'jpeg', widthPx: 40, heightPx: 30 });
    }
  });

  it('rejects what cannot be decoded, and never crashes', async () => {
    const picture = await drawPhoto({ widthPx: 400, heightPx: 300 }).jpeg({ progressive: true }).toBuffer();
    const cut = picture.subarray(0, picture.length / 2);
    const png = await drawPhoto({ widthPx: 400, heightPx: 300 }).png({ progressive: true }).toBuffer();
    png.fill(0x55, png.indexOf('IDAT') + 100, png.indexOf('IDAT') + 600);
    const webp = await drawPhoto({ widthPx: 400, heightPx: 300 }).webp({ lossless: true }).toBuffer();
    webp.fill(0x55, 200, 4000);
    const bitmap = makeRunLengthBmp(40, 30, 8, [40, 5, 0, 0]);
    for (const [bytes, reason] of [
      [cut, 'truncated'],
      [png, 'damaged'],
      [webp, 'damaged'],
      [bitmap, 'truncated'],
    ] as const) {
      const error = await fitted(bytes).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(RejectedError);
      expect((error as RejectedError).fields.reason).toBe(reason);
    }
  });

  it('rejects what no quality and no scale can bring under the limit', async () => {
    const own = { ...limits, maxEncodedBytes: 300 };
    const error = await fitted(drawPhoto({ widthPx: 200, heightPx: 150 }).jpeg(), own).catch(
      (caught: unknown) => caught,
    );
    expect((error as RejectedError).fields.reason).toBe('cannot_shrink');
  });

  it('rejects a hopeless image before it decodes a pixel', async () => {
    const bytes = await quarters(60, 10).jpeg().toBuffer();
    await expect(fitImage(bytes, inspectImage(bytes), limits)).rejects.toMatchObject({
      fields: { reason: 'side_too_short' },
    });
  });

  it('stops when its signal aborts, with the reason of the signal', async () => {
    const bytes = await drawPhoto({ widthPx: 400, heightPx: 300 }).jpeg({ progressive: true }).toBuffer();
    const reason = new Error('shutting down');
    await expect(fitImage(bytes, inspectImage(bytes), limits, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    const later = new AbortController();
    const pending = fitImage(bytes, inspectImage(bytes), limits, { signal: later.signal });
    later.abort(reason);
    await expect(pending).rejects.toBe(reason);
  });

  it("goes by the caller's own measure of the encoded length", async () => {
    const bytes = await drawPhoto({ widthPx: 1000, heightPx: 750 }).jpeg({ quality: 80 }).toBuffer();
    const encodedLength = (rawBytes: number) => rawBytes * 40;
    const result = await fitImage(bytes, inspectImage(bytes), limits, { encodedLength });
    expect(result.bytes.length).toBeLessThanOrEqual(100_000);
  });
});
