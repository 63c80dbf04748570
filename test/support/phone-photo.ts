/**
 * Simulates a phone photo of a card: 12 megapixels of noise and print around a specimen, in the formats that phones
 * store.
 */
import { generateSpecimens, type SpecimenTruth } from '@cardseal/emulator/cards';
import sharp, { type Sharp } from 'sharp';
import { drawPixels } from '../../packages/idcard/src/image/photo.fixture.ts';

const WIDTH_PX = 4032;
const HEIGHT_PX = 3024;
const CARD = { scale: 2.4, left: 800, top: 700 };

export interface PhonePhoto {
  truth: SpecimenTruth;
  /** The upright photo, ready to be encoded. */
  upright(): Sharp;
  /** Stored so that EXIF orientation 1–8 shows it upright. */
  stored(orientation: number): Promise<Sharp>;
}

/** @param noise amplitude of the finest grain, which decides the size of a JPEG: 8 is daylight, 20 is dim light. */
export async function takePhoto(noise: number, seed: number): Promise<PhonePhoto> {
  const [specimen] = await Array.fromAsync(
    generateSpecimens({ count: 1, seed, scenario: 'good', scale: CARD.scale, format: 'png' }),
  );
  const raw = { raw: { width: WIDTH_PX, height: HEIGHT_PX, channels: 3 as const } };
  const scene = drawPixels({ widthPx: WIDTH_PX, heightPx: HEIGHT_PX, noise, seed });
  const card = { input: specimen!.front, left: CARD.left, top: CARD.top };
  const pixels = await sharp(scene, raw).composite([card]).removeAlpha().raw().toBuffer();
  const upright = () => sharp(pixels, raw);
  return { truth: specimen!.truth, upright, stored: (orientation) => storedAs(upright(), orientation) };
}

const MIRRORED = [2, 4, 5, 7];
/** Clockwise rotation in degrees that a viewer applies after mirroring. */
const TURNS: Record<number, number> = { 1: 0, 2: 0, 3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270 };

/** Reverses the viewer's steps, the last one first. */
async function storedAs(upright: Sharp, orientation: number): Promise<Sharp> {
  const turns = TURNS[orientation]!;
  const mirrored = MIRRORED.includes(orientation);
  const first = mirrored ? await redrawn(upright.flop()) : upright;
  const back = mirrored && turns % 180 === 90 ? turns : (360 - turns) % 360;
  return (await redrawn(first.rotate(back))).withMetadata({ orientation });
}

/** Runs each step in a separate pipeline, because the library reorders steps within one. */
async function redrawn(image: Sharp): Promise<Sharp> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } });
}
