/** Photos of 12 megapixels straight from a phone, through the whole stack: what may go as it is goes untouched, the rest is fitted. */
import { defaultImageLimits, encodedLengthBound } from '@cardseal/idcard/image';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PhonePhoto, takePhoto } from '../support/phone-photo.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';

const MIRRORED = [2, 4, 5, 7];
/** A dozen photos on few cores: the deadline of a call is not what is tested here. */
const PATIENT = { UPSTREAM_DEADLINE_MS: '60000', SHUTDOWN_GRACE_MS: '61000', RECOGNIZE_CONCURRENCY: '2' };

interface Adjusted {
  reasons: string[];
  width: number;
  height: number;
  size_bytes: number;
  quality: number;
  orientation_applied: boolean;
  original: { format: string; width: number; height: number; size_bytes: number };
}

describe('12-megapixel photos', () => {
  let app: TestStack;
  let photo: PhonePhoto;
  beforeAll(async () => {
    [app, photo] = await Promise.all([startTestStack({ env: PATIENT }), takePhoto(8, 41)]);
  });
  afterAll(() => app?.stop());

  /** Recognised, with every field of the front; returns what was done to the image. */
  async function recognized(picture: Buffer, type: 'jpeg' | 'png' = 'jpeg'): Promise<Adjusted | undefined> {
    const headers = { 'content-type': `image/${type}`, prefer: 'wait=30' };
    const { status, body } = await app.call('POST', '/v1/jobs?side=front', { body: new Uint8Array(picture), headers });
    expect([200, 202]).toContain(status);
    const job = await app.finished(body.id);
    const { issuing_authority, valid_from, valid_until, valid_long_term, ...front } = photo.truth.card;
    expect(job).toMatchObject({ state: 'succeeded' });
    expect(job.attempts).toHaveLength(1);
    expect(job.result.card).toEqual(front);
    expect(job.result.sides.front.image_status).toBe('normal');
    return job.result.sides.front.adjusted;
  }

  /** Never over the limit, and near it: no more was lost than had to be. */
  function expectNearTheLimit({ size_bytes }: Adjusted): void {
    const fill = encodedLengthBound(size_bytes) / defaultImageLimits.maxEncodedBytes;
    expect(fill).toBeLessThanOrEqual(1);
    expect(fill).toBeGreaterThanOrEqual(0.97);
  }

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i', async (orientation) => {
    const picture = await (await photo.stored(orientation)).jpeg({ quality: 80 }).toBuffer();
    const adjusted = await recognized(picture);
    if (!MIRRORED.includes(orientation)) {
      expect(adjusted).toBeUndefined();
      return;
    }
    const upright = { width: 4032, height: 3024, orientation_applied: true };
    expect(adjusted).toMatchObject({ reasons: ['mirrored'], ...upright });
    expect(adjusted!.quality).toBeGreaterThanOrEqual(90);
  });

  it('too many bytes, and turned', async () => {
    const picture = await (await photo.stored(6)).jpeg({ quality: 97 }).toBuffer();
    const adjusted = (await recognized(picture))!;
    const original = { format: 'jpeg', width: 3024, height: 4032, size_bytes: picture.length };
    expect(adjusted).toMatchObject({ reasons: ['too_many_bytes'], width: 4032, height: 3024, original });
    expectNearTheLimit(adjusted);
  });

  it('progressive', async () => {
    const picture = await photo.upright().jpeg({ quality: 97, progressive: true }).toBuffer();
    const adjusted = (await recognized(picture))!;
    expect(adjusted.reasons).toEqual(['too_many_bytes', 'progressive']);
    expectNearTheLimit(adjusted);
  });

  it('CMYK', async () => {
    const picture = await photo.upright().toColourspace('cmyk').jpeg({ quality: 60 }).toBuffer();
    const adjusted = (await recognized(picture))!;
    expect(adjusted.reasons).toEqual(['too_many_bytes', 'cmyk']);
    expectNearTheLimit(adjusted);
  });

  it('16-bit PNG', async () => {
    const picture = await photo.upright().toColourspace('rgb16').png({ compressionLevel: 6 }).toBuffer();
    const adjusted = (await recognized(picture, 'png'))!;
    expect(adjusted.reasons).toEqual(['too_many_bytes', 'bit_depth']);
    expect(adjusted.original).toMatchObject({ format: 'png', size_bytes: picture.length });
    expectNearTheLimit(adjusted);
  });
});
