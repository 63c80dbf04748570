/**
 * Shows what the image fitting does with images of real size (`npm run bench -- fitting`): input, changes, distance of
 * the result to the byte limit, and cost. The last line is one JSON object.
 */
import { assessImage, defaultImageLimits, encodedLengthBound, fitImage, inspectImage } from '@cardseal/idcard/image';
import type { Sharp } from 'sharp';
import { makeBmp } from '../../packages/idcard/src/image/bmp.fixture.ts';
import { drawPhoto } from '../../packages/idcard/src/image/photo.fixture.ts';
import { printHelp } from '../support/program-help.ts';

printHelp(import.meta.url);

interface Row {
  picture: string;
  in_bytes: number;
  in_size: string;
  reasons: string;
  out_bytes: number;
  out_size: string;
  quality: number;
  encodes: number;
  fill: number;
  ms: number;
}

const phone = { widthPx: 4032, heightPx: 3024 };

const pictures: readonly (readonly [string, () => Promise<Buffer>])[] = [
  ['12 MP, little noise', () => jpeg(drawPhoto({ ...phone, noise: 8 }), 97)],
  ['12 MP, usual noise', () => jpeg(drawPhoto({ ...phone, noise: 20 }), 95)],
  ['12 MP, strong noise', () => jpeg(drawPhoto({ ...phone, noise: 40 }), 92)],
  ['12 MP, extreme noise', () => jpeg(drawPhoto({ ...phone, noise: 60 }), 92)],
  ['12 MP, turned (EXIF 6)', () => jpeg(drawPhoto(phone).withMetadata({ orientation: 6 }), 95)],
  ['12 MP, mirrored (EXIF 5)', () => jpeg(drawPhoto(phone).withMetadata({ orientation: 5 }), 80)],
  ['12 MP, progressive', () => drawPhoto(phone).jpeg({ quality: 80, progressive: true }).toBuffer()],
  ['12 MP, CMYK', () => jpeg(drawPhoto(phone).toColourspace('cmyk'), 90)],
  [
    '12 MP, 16-bit PNG',
    () =>
      drawPhoto({ ...phone, noise: 4 })
        .toColourspace('rgb16')
        .png({ compressionLevel: 6 })
        .toBuffer(),
  ],
  ['48 MP', () => jpeg(drawPhoto({ widthPx: 8000, heightPx: 6000 }), 80)],
  ['16 MP square', () => jpeg(drawPhoto({ widthPx: 4096, heightPx: 4096, noise: 30 }), 90)],
  ['2 MP, interlaced PNG', () => drawPhoto({ widthPx: 1600, heightPx: 1200 }).png({ progressive: true }).toBuffer()],
  ['2 MP, BMP', async () => makeBmp({ widthPx: 1600, heightPx: 1200, bitsPerPixel: 24, pixel: wave })],
];

const wave = (x: number, y: number) => ({ r: (x * y) & 255, g: (x * 3 + y) & 255, b: (x ^ y) & 255 });

function jpeg(picture: Sharp, quality: number): Promise<Buffer> {
  return picture.jpeg({ quality }).toBuffer();
}

async function measure(picture: string, bytes: Buffer): Promise<Row> {
  const started = performance.now();
  const facts = inspectImage(bytes);
  const assessment = assessImage(facts, bytes.length, defaultImageLimits, { fit: true });
  if (assessment.kind !== 'fit') throw new Error(`${picture}: ${assessment.kind}`);
  const fitted = await fitImage(bytes, facts, defaultImageLimits);
  const fill = encodedLengthBound(fitted.bytes.length) / defaultImageLimits.maxEncodedBytes;
  return {
    picture,
    in_bytes: bytes.length,
    in_size: `${facts.widthPx}×${facts.heightPx}`,
    reasons: assessment.reasons.join(' '),
    out_bytes: fitted.bytes.length,
    out_size: `${fitted.facts.widthPx}×${fitted.facts.heightPx}`,
    quality: fitted.adjusted.quality,
    encodes: fitted.encodes,
    fill: Number(fill.toFixed(4)),
    ms: Math.round(performance.now() - started),
  };
}

const rows: Row[] = [];
for (const [picture, make] of pictures) rows.push(await measure(picture, await make()));
console.table(rows);
console.log(JSON.stringify({ name: 'fitting', rows }));
