import { readdirSync, readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { RejectedError } from '../errors/index.ts';
import { makeBmp } from './bmp.fixture.ts';
import { inspectImage } from './inspect.ts';

const plain = () => sharp({ create: { width: 60, height: 40, channels: 3, background: '#718293' } });

function reasonOf(bytes: Uint8Array): string {
  try {
    inspectImage(bytes);
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error;
    expect(error.code).toBe('image_unusable');
    return [error.fields.reason, error.fields.format].filter(Boolean).join(' ');
  }
  return 'accepted';
}

describe('inspectImage on JPEG', () => {
  it('reads a baseline picture', async () => {
    expect(inspectImage(await plain().jpeg().toBuffer())).toEqual({
      format: 'jpeg',
      widthPx: 60,
      heightPx: 40,
      colorModel: 'ycbcr',
      bitDepth: 8,
      progressive: false,
      interlaced: false,
      orientation: 1,
    });
  });

  it('sees progressive, CMYK and grey', async () => {
    expect(inspectImage(await plain().jpeg({ progressive: true }).toBuffer()).progressive).toBe(true);
    expect(inspectImage(await plain().toColourspace('cmyk').jpeg().toBuffer()).colorModel).toBe('cmyk');
    expect(inspectImage(await plain().toColourspace('b-w').jpeg().toBuffer()).colorModel).toBe('grey');
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('reads EXIF orientation %i in both byte orders', async (orientation) => {
    const little = await plain().withMetadata({ orientation }).jpeg().toBuffer();
    expect(inspectImage(little).orientation).toBe(orientation);
    const bare = await plain().jpeg().toBuffer();
    const tiff = Buffer.from(`4d4d002a00000008000101120003000000010000000000000000`, 'hex');
    tiff.writeUInt16BE(orientation, 18);
    expect(inspectImage(withSegment(bare, 0xe1, Buffer.concat([Buffer.from('Exif\0\0'), tiff]))).orientation).toBe(
      orientation,
    );
  });

  it('takes broken EXIF for upright', async () => {
    const bare = await plain().jpeg().toBuffer();
    const exif = (hex: string) =>
      withSegment(bare, 0xe1, Buffer.concat([Buffer.from('Exif\0\0'), Buffer.from(hex, 'hex')]));
    for (const hex of [
      '',
      '4949',
      '49492a00ffffffff0000',
      '49492a0008000000ffff',
      '4d4d002a000000080001011200030000000100090000',
    ]) {
      expect(inspectImage(exif(hex)).orientation).toBe(1);
    }
  });

  it('tolerates what phones write: fill bytes, junk between segments, bytes after the end, no end marker', async () => {
    const bare = await plain().jpeg().toBuffer();
    const odd = Buffer.concat([bare.subarray(0, 2), Buffer.from('ffffff', 'hex'), bare.subarray(3)]);
    const junk = Buffer.concat([bare.subarray(0, 2), Buffer.from('ffe000020000', 'hex'), bare.subarray(2)]);
    for (const bytes of [odd, junk, Buffer.concat([bare, Buffer.alloc(5000, 0x41)]), bare.subarray(0, -2)]) {
      expect(inspectImage(bytes)).toMatchObject({ widthPx: 60, heightPx: 40 });
    }
  });

  it('tells why one is unusable', async () => {
    const bare = await plain().jpeg().toBuffer();
    const scan = bare.indexOf(Buffer.from('ffda', 'hex'));
    expect(reasonOf(bare.subarray(0, 2))).toBe('truncated');
    expect(reasonOf(bare.subarray(0, 100))).toBe('truncated');
    expect(reasonOf(bare.subarray(0, scan))).toBe('truncated');
    expect(reasonOf(bare.subarray(0, scan + 14))).toBe('truncated');
    const frame = bare.indexOf(Buffer.from('ffc0', 'hex'));
    expect(reasonOf(patched(bare, frame + 5, 'ffffffff'))).toBe('dimensions_lie');
    expect(reasonOf(patched(bare, frame + 5, '0000'))).toBe('dimensions_lie');
    expect(reasonOf(patched(bare, frame + 4, '0c'))).toBe('unsupported_format jpeg-uncommon');
    expect(reasonOf(patched(bare, frame + 1, 'c3'))).toBe('unsupported_format jpeg-uncommon');
    expect(reasonOf(patched(bare, frame + 11, '00'))).toBe('damaged');
    expect(reasonOf(patched(bare, frame + 1, 'd9'))).toBe('damaged');
  });

  it('does not take a compressed flat picture for a liar', async () => {
    const flat = sharp({ create: { width: 4000, height: 3000, channels: 3, background: 'white' } });
    for (const options of [
      { quality: 1 },
      { quality: 1, progressive: true },
      { quality: 1, chromaSubsampling: '4:4:4' },
    ]) {
      expect(reasonOf(await flat.clone().jpeg(options).toBuffer())).toBe('accepted');
    }
  });
});

describe('inspectImage on PNG', () => {
  it('reads colour, depth, interlacing and orientation', async () => {
    const read = async (picture: Sharp) => inspectImage(await picture.toBuffer());
    expect(await read(plain().png())).toMatchObject({
      format: 'png',
      widthPx: 60,
      heightPx: 40,
      colorModel: 'rgb',
      bitDepth: 8,
    });
    expect(await read(plain().toColourspace('rgb16').png())).toMatchObject({ bitDepth: 16 });
    expect(await read(plain().png({ progressive: true }))).toMatchObject({ interlaced: true });
    expect(await read(plain().png({ palette: true }))).toMatchObject({ colorModel: 'palette' });
    expect(await read(plain().ensureAlpha(0.5).png())).toMatchObject({ colorModel: 'rgba' });
    expect(await read(plain().toColourspace('b-w').png())).toMatchObject({ colorModel: 'grey' });
    expect(await read(plain().withMetadata({ orientation: 6 }).png())).toMatchObject({ orientation: 6 });
  });

  it('tells why one is unusable', async () => {
    const bare = await plain().png().toBuffer();
    expect(reasonOf(bare.subarray(0, 20))).toBe('truncated');
    expect(reasonOf(bare.subarray(0, -12))).toBe('truncated');
    expect(reasonOf(bare.subarray(0, -14))).toBe('truncated');
    expect(reasonOf(patched(bare, 16, '00010000'))).toBe('damaged');
    expect(reasonOf(resealed(patched(bare, 16, '00ffffff00ffffff')))).toBe('dimensions_lie');
    expect(reasonOf(resealed(patched(bare, 16, '00000000')))).toBe('dimensions_lie');
    expect(reasonOf(resealed(patched(bare, 24, '05')))).toBe('damaged');
    expect(reasonOf(resealed(patched(bare, 25, '03')))).toBe('damaged');
    expect(reasonOf(Buffer.concat([bare.subarray(0, 33), bare.subarray(-12)]))).toBe('damaged');
    expect(reasonOf(patched(bare, 12, '43674249'))).toBe('unsupported_format png-apple');
    expect(reasonOf(Buffer.concat([bare, Buffer.alloc(100)]))).toBe('accepted');
  });
});

describe('inspectImage on BMP', () => {
  it('reads depth, direction and palette', () => {
    expect(inspectImage(makeBmp({ widthPx: 7, heightPx: 5, bitsPerPixel: 24 }))).toMatchObject({
      format: 'bmp',
      widthPx: 7,
      heightPx: 5,
      colorModel: 'rgb',
      bitDepth: 8,
    });
    expect(inspectImage(makeBmp({ widthPx: 7, heightPx: 5, bitsPerPixel: 32, topDown: true })).heightPx).toBe(5);
    expect(inspectImage(makeBmp({ widthPx: 7, heightPx: 5, bitsPerPixel: 8 })).colorModel).toBe('palette');
    expect(inspectImage(makeBmp({ widthPx: 7, heightPx: 5, bitsPerPixel: 24, os2: true }))).toMatchObject({
      widthPx: 7,
    });
  });

  it('tells why one is unusable', () => {
    const bare = makeBmp({ widthPx: 70, heightPx: 50, bitsPerPixel: 24 });
    expect(reasonOf(bare.subarray(0, 3000))).toBe('truncated');
    expect(reasonOf(bare.subarray(0, 16))).toBe('truncated');
    expect(reasonOf(patched(bare, 18, 'ffffff7f'))).toBe('dimensions_lie');
    expect(reasonOf(patched(bare, 22, '00000000'))).toBe('dimensions_lie');
    expect(reasonOf(patched(bare, 22, '00000080'))).toBe('dimensions_lie');
    expect(reasonOf(patched(bare, 28, '0700'))).toBe('damaged');
    expect(reasonOf(patched(bare, 30, '04'))).toBe('unsupported_bmp');
    expect(reasonOf(Buffer.from('BMW is a car, not a bitmap'))).toBe('not_an_image');
  });
});

describe('inspectImage on anything else', () => {
  it('names the formats that people send by mistake', async () => {
    expect(reasonOf(new Uint8Array())).toBe('empty');
    expect(reasonOf(Buffer.from('hello'))).toBe('not_an_image');
    expect(reasonOf(await plain().gif().toBuffer())).toBe('unsupported_format gif');
    expect(reasonOf(await plain().webp().toBuffer())).toBe('unsupported_format webp');
    expect(reasonOf(await plain().tiff().toBuffer())).toBe('unsupported_format tiff');
    expect(reasonOf(await plain().avif().toBuffer())).toBe('unsupported_format avif');
    expect(reasonOf(Buffer.from('\0\0\0\x18ftypheic\0\0\0\0'))).toBe('unsupported_format heic');
    expect(reasonOf(Buffer.from('%PDF-1.7'))).toBe('unsupported_format pdf');
  });

  it('throws nothing but rejections, whatever the bytes', () => {
    const magic = fc.constantFrom('ffd8ff', '89504e470d0a1a0a', '424d', '');
    fc.assert(
      fc.property(magic, fc.uint8Array({ maxLength: 400 }), (start, rest) => {
        reasonOf(Buffer.concat([Buffer.from(start, 'hex'), rest]));
      }),
      { numRuns: 3000 },
    );
  });

  it('throws nothing but rejections for the corpus with any one byte changed, and for any start of it', () => {
    const folder = new URL('../../../../test/vectors/fuzz/image/', import.meta.url);
    let inputs = 0;
    for (const name of readdirSync(folder)) {
      const bytes = readFileSync(new URL(name, folder));
      for (let at = 0; at < bytes.length; at++) {
        const kept = bytes[at]!;
        for (const value of [0, 0x7f, 0xff, kept ^ 1]) {
          bytes[at] = value;
          reasonOf(bytes);
          inputs += 1;
        }
        bytes[at] = kept;
        reasonOf(bytes.subarray(0, at));
      }
    }
    expect(inputs).toBeGreaterThan(40_000);
  });

  it('takes time linear in the length on the worst inputs', () => {
    const sizeBytes = 8 * 1024 * 1024;
    const zeros = Buffer.concat([Buffer.from('ffd8ff', 'hex'), Buffer.alloc(sizeBytes)]);
    const fills = Buffer.concat([Buffer.from('ffd8', 'hex'), Buffer.alloc(sizeBytes, 0xff)]);
    const empties = Buffer.concat([
      Buffer.from('ffd8', 'hex'),
      Buffer.alloc(sizeBytes, Buffer.from('ffe00002', 'hex')),
    ]);
    for (const bytes of [zeros, fills, empties]) {
      const started = performance.now();
      expect(reasonOf(bytes)).toBe('truncated');
      expect(performance.now() - started).toBeLessThan(1500);
    }
  });
});

function withSegment(jpeg: Buffer, marker: number, body: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)]);
}

function patched(bytes: Buffer, at: number, hex: string): Buffer {
  const copy = Buffer.from(bytes);
  copy.write(hex, at, 'hex');
  return copy;
}

/** Makes IHDR's checksum right again, as a deliberate liar would. */
function resealed(png: Buffer): Buffer {
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
  return png;
}
