import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG } from '../config.ts';
import { createPictureReader, openPicture } from '../idcard/read-picture.ts';
import { decodeBmp, encodeBmp } from './bmp.ts';
import { generateSpecimens, type PictureFormat, SCENARIOS, type Specimen } from './index.ts';

const BOUNDS = DEFAULT_CONFIG.bounds.idcard_enc;

/** Changes of an image, each with the direction that the reader must report. */
const CHANGES: Record<string, { direction: number; change: (picture: Buffer) => Promise<Buffer> }> = {
  'JPEG of quality 50': { direction: 0, change: (picture) => openPicture(picture).jpeg({ quality: 50 }).toBuffer() },
  'turned by 90° clockwise': { direction: 3, change: (picture) => openPicture(picture).rotate(90).jpeg().toBuffer() },
  'turned by 180°': { direction: 2, change: (picture) => openPicture(picture).rotate(180).jpeg().toBuffer() },
  'turned by 270° clockwise': { direction: 1, change: (picture) => openPicture(picture).rotate(270).jpeg().toBuffer() },
  'half the size': { direction: 0, change: (picture) => openPicture(picture).resize(500).jpeg().toBuffer() },
};

async function markOf(picture: Buffer) {
  const { card } = await createPictureReader().read(picture, 'any', BOUNDS);
  return card && { ...card.mark, direction: card.placement.direction };
}

async function specimen(scenario: Specimen['scenario'], format: PictureFormat): Promise<Specimen> {
  const [only] = await Array.fromAsync(generateSpecimens({ count: 1, seed: 42, scenario, format }));
  return only!;
}

describe.each(SCENARIOS)('%s', (scenario) => {
  it.each(['jpeg', 'png', 'bmp'] as const)('reads the same card from %s after every change', async (format) => {
    const card = await specimen(scenario, format);
    for (const [side, picture] of Object.entries({ front: card.front, back: card.back })) {
      const untouched = await markOf(picture);
      expect(untouched === undefined).toBe(scenario === 'not-a-card' && side === 'front');
      if (side === 'back' && format !== 'jpeg') continue;
      for (const [name, { direction, change }] of Object.entries(CHANGES)) {
        const wanted = untouched && { ...untouched, direction };
        expect([name, side, await markOf(await change(picture))]).toEqual([name, side, wanted]);
      }
    }
  });
});

describe('the mark', () => {
  it('contains the text of the truth file', async () => {
    const card = await specimen('minority-name', 'jpeg');
    const { name, ethnicity, address, id_number, issuing_authority } = card.truth.card;
    expect(await markOf(card.front)).toMatchObject({ name, ethnicity, address, number: id_number });
    expect(await markOf(card.back)).toMatchObject({ authority: issuing_authority });
  });

  it('is found in an image of double size and in one with a wide border', async () => {
    const [large] = await Array.fromAsync(generateSpecimens({ count: 1, scenario: 'good', scale: 2 }));
    expect(await markOf(large!.front)).toMatchObject({ side: 'front', direction: 0 });
    const wide = { top: 300, bottom: 300, left: 400, right: 400, background: '#777' };
    expect(await markOf(await sharp(large!.front).extend(wide).jpeg().toBuffer())).toMatchObject({ side: 'front' });
  });

  it('is not found after it was painted over', async () => {
    const card = await specimen('good', 'jpeg');
    const patch = await sharp({ create: { width: 260, height: 260, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    const hidden = await sharp(card.front)
      .composite([{ input: patch, left: 680, top: 340 }])
      .jpeg()
      .toBuffer();
    expect(await markOf(hidden)).toBeUndefined();
  });
});

describe('BMP', () => {
  it('keeps every pixel, with rows padded to four bytes', () => {
    const data = Buffer.from(Array.from({ length: 3 * 5 * 3 }, (_, i) => (i * 37) % 256));
    expect(decodeBmp(encodeBmp({ data, width: 5, height: 3 }))).toEqual({ data, width: 5, height: 3 });
  });

  it('refuses a file that ends before its pixels', () => {
    const file = encodeBmp({ data: Buffer.alloc(75), width: 5, height: 5 });
    expect(decodeBmp(file.subarray(0, file.length - 1))).toBeUndefined();
  });
});
