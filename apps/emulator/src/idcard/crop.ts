// Crops the portrait or the card from an image and rotates it upright, as base64 of a JPEG.
import type { Box } from '../cards/layout.ts';
import { openPicture } from './read-picture.ts';

export async function cropPicture(picture: Buffer, box: Box, direction: 0 | 1 | 2 | 3): Promise<string> {
  const cut = await openPicture(picture)
    .extract(box)
    .rotate(direction * 90)
    .jpeg({ quality: 85 })
    .toBuffer();
  return cut.toString('base64');
}
