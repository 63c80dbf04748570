/** The first page of a PDF: what the API accepts, what the worker renders, and what a hostile file costs. */
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { fitImage } from './fit.ts';
import { inspectImage } from './inspect.ts';
import { defaultImageLimits as limits } from './limits.ts';
import { makePdf, streamOf } from './pdf.fixture.ts';
import { defaultPdfLimits, renderPdf } from './pdf-pixels.ts';
import { drawPhoto } from './photo.fixture.ts';

const fit = async (bytes: Buffer) => await fitImage(bytes, inspectImage(bytes), limits);
const render = (bytes: Buffer, change: Partial<typeof defaultPdfLimits> = {}) =>
  renderPdf(bytes, { ...defaultPdfLimits, maxSidePx: 1000, ...change });

/** A scanned page: one JPEG that fills it. */
async function scan(): Promise<Buffer> {
  const photo = await drawPhoto({ widthPx: 400, heightPx: 200, noise: 5 }).jpeg().toBuffer();
  const entries =
    '/Type/XObject/Subtype/Image/Width 400/Height 200/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode';
  const content = '200 0 0 100 0 0 cm /P Do';
  return makePdf({ content, objects: [streamOf(entries, photo)], resources: '/XObject<</P 9 0 R>>' });
}

describe('a PDF', { timeout: 60_000 }, () => {
  it('is sent as a JPEG of its first page, upright, on white', async () => {
    const { bytes, facts, adjusted } = await fit(makePdf());
    expect(facts).toMatchObject({ format: 'jpeg', widthPx: 1600, heightPx: 800 });
    expect(adjusted).toMatchObject({
      reasons: ['format_not_accepted'],
      original: { format: 'pdf', width: 1600, height: 800 },
    });
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
    for (const [n, value] of [254, 0, 0].entries()) expect(Math.abs(at(400, 400)[n]! - value)).toBeLessThan(6);
    expect(Math.min(...at(1200, 400))).toBeGreaterThan(250);
  });

  it('shows a scanned image as it is', async () => {
    const { bytes } = await fit(await scan());
    const small = await sharp(bytes).resize(40, 20, { fit: 'fill' }).raw().toBuffer();
    const photo = drawPhoto({ widthPx: 400, heightPx: 200, noise: 5 });
    const wanted = await sharp(await photo.png().toBuffer())
      .resize(40, 20, { fit: 'fill' })
      .raw()
      .toBuffer();
    const difference = small.reduce((sum, value, n) => sum + Math.abs(value - wanted[n]!), 0) / small.length;
    expect(difference).toBeLessThan(6);
  });

  it('says that more pages follow', async () => {
    const { adjusted } = await fit(makePdf({ pages: 3 }));
    expect(adjusted.reasons).toEqual(['format_not_accepted', 'several_pages']);
  });

  it('is at most as large as a page of A4 at 300 dots per inch', async () => {
    const { facts } = await fit(makePdf({ widthPt: 14_400, heightPt: 7200 }));
    expect(facts).toMatchObject({ widthPx: 3508, heightPx: 1754 });
    await expect(fit(makePdf({ widthPt: 14_400, heightPt: 3 }))).rejects.toMatchObject({
      fields: { reason: 'too_elongated' },
    });
  });

  it('is truncated without its end, locked with a password, else damaged', async () => {
    const whole = makePdf();
    expect(() => inspectImage(whole.subarray(0, -8))).toThrow(
      expect.objectContaining({ fields: { reason: 'truncated' } }),
    );
    await expect(render(Buffer.from('%PDF-1.4 noise %%EOF'))).rejects.toMatchObject({ fields: { reason: 'damaged' } });
    await expect(render(makePdf({ pages: 0 }))).rejects.toMatchObject({ fields: { reason: 'damaged' } });
    const locked =
      '<</Filter/Standard/V 1/R 2/O(12345678901234567890123456789012)/U(12345678901234567890123456789012)/P -4>>';
    const text = makePdf({ objects: [Buffer.from(locked)] }).toString('latin1');
    const encrypted = Buffer.from(text.replace('/Root 1 0 R', '/Root 1 0 R/Encrypt 9 0 R/ID[<00><00>]'), 'latin1');
    await expect(render(encrypted)).rejects.toMatchObject({ fields: { reason: 'locked_pdf' } });
  });

  it('cannot take more memory or time than it may', async () => {
    const zeros = deflateSync(Buffer.alloc(64 * 1024 * 1024));
    const entries =
      '/Type/XObject/Subtype/Image/Width 20000/Height 20000/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode';
    const bomb = makePdf({
      content: '200 0 0 100 0 0 cm /P Do',
      objects: [streamOf(entries, zeros)],
      resources: '/XObject<</P 9 0 R>>',
    });
    const before = process.memoryUsage().rss;
    // Without a check of the limit, PDFium leaves the image out and returns a white page.
    await expect(render(bomb, { maxMemoryBytes: 64 * 1024 * 1024 })).rejects.toMatchObject({
      fields: { reason: 'damaged' },
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
    await expect(render(await scan(), { timeoutMs: 1 })).rejects.toMatchObject({ code: 'image_fit_timeout' });
    // The thread of the failed file does not harm the next one.
    expect(await render(await scan())).toMatchObject({ widthPx: 1000, heightPx: 500, pages: 1 });
  });
});
