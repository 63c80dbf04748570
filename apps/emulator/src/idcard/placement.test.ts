import sharp from 'sharp';
import { expect, it } from 'vitest';
import { generateSpecimens, type Specimen } from '../cards/index.ts';
import { type Box, PORTRAIT_BOX } from '../cards/layout.ts';
import { DEFAULT_CONFIG } from '../config.ts';
import { createPictureReader } from './read-picture.ts';
import { replyOf } from './reply.ts';

const [card] = (await Array.fromAsync(generateSpecimens({ count: 1, scenario: 'good' }))) as [Specimen];
const WISHES = { side: 'front', risk: false, quality: false, photo: true, card: true } as const;
const { left, top, width, height } = PORTRAIT_BOX;

async function photoOf(picture: Buffer) {
  const reading = await createPictureReader().read(picture, 'any', DEFAULT_CONFIG.bounds.idcard);
  const { photo, photo_location, direction } = await replyOf(reading, picture, WISHES);
  return { photo: Buffer.from(String(photo), 'base64'), box: photo_location as Box, direction };
}

it.each<[string, number, number, Box]>([
  ['rotated clockwise', 90, 3, { left: 630 - top - height, top: left, width: height, height: width }],
  ['upside down', 180, 2, { left: 1000 - left - width, top: 630 - top - height, width, height }],
  ['rotated counter-clockwise', 270, 1, { left: top, top: 1000 - left - width, width: height, height: width }],
])('maps boxes and crops of an image that is %s', async (_name, angle, direction, wanted) => {
  const upright = await photoOf(card.front);
  const turned = await photoOf(await sharp(card.front).rotate(angle).jpeg({ quality: 95 }).toBuffer());
  expect(turned.direction).toBe(direction);
  for (const key of ['left', 'top', 'width', 'height'] as const) {
    expect(Math.abs(turned.box[key] - wanted[key])).toBeLessThan(8);
  }
  expect(await difference(upright.photo, turned.photo)).toBeLessThan(12);
});

it('scales boxes with the image', async () => {
  const { box } = await photoOf(await sharp(card.front).resize(500).jpeg({ quality: 90 }).toBuffer());
  expect(Math.abs(box.left - left / 2)).toBeLessThan(5);
  expect(Math.abs(box.height - height / 2)).toBeLessThan(5);
});

/** The mean difference of two images in grey levels, after both are scaled to one small size. */
async function difference(a: Buffer, b: Buffer): Promise<number> {
  const small = (picture: Buffer) => sharp(picture).resize(50, 52, { fit: 'fill' }).greyscale().raw().toBuffer();
  const [left, right] = [await small(a), await small(b)];
  return left.reduce((sum, value, i) => sum + Math.abs(value - (right[i] ?? 0)), 0) / left.length;
}
