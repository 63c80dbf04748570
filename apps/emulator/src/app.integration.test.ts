import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateSpecimens, type Specimen, type SpecimenOptions } from './cards/index.ts';
import { startClient, type TestClient } from './client-for-tests.ts';

async function specimens(options: SpecimenOptions): Promise<Specimen[]> {
  return Array.fromAsync(generateSpecimens(options));
}

/** Boxes are computed from the corners of the mark, which are accurate to about one pixel. */
function expectNear(box: Record<string, number>, wanted: Record<string, number>): void {
  for (const [key, value] of Object.entries(wanted)) expect(Math.abs((box[key] ?? Number.NaN) - value)).toBeLessThan(7);
}

describe('an encrypted call', () => {
  let client: TestClient;
  beforeAll(async () => {
    client = await startClient();
  });
  afterAll(() => client.stop());

  it('returns the front in the form of the provider', async () => {
    const [card] = await specimens({ count: 1, seed: 7, scenario: 'good' });
    const answer = await client.call(card!.front, 'front');
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/^\{"log_id":\d{19},"result":"[A-Za-z0-9+/=]+"\}$/);
    const { reply } = answer;
    expect(reply).not.toHaveProperty('log_id');
    expect(Object.keys(reply.words_result).sort()).toEqual(
      ['姓名', '性别', '民族', '出生', '住址', '公民身份号码'].sort(),
    );
    expect(reply.words_result.姓名.words).toBe(card!.truth.card.name);
    expect(reply.words_result.公民身份号码.words).toBe(card!.truth.card.id_number);
    expect(reply.words_result.出生.words).toBe(card!.truth.card.birth_date!.replaceAll('-', ''));
    expect(reply).toMatchObject({
      words_result_num: 6,
      idcard_number_type: 1,
      image_status: 'normal',
      direction: 0,
    });
    expect(reply).not.toHaveProperty('risk_type');
    expect(reply).not.toHaveProperty('card_quality');
    expect(reply).not.toHaveProperty('photo');
  });

  it('returns the back, also with long-term validity', async () => {
    const [card] = await specimens({ count: 1, seed: 7, scenario: 'long-term' });
    const { reply } = await client.call(card!.back, 'back');
    expect(reply.words_result.签发机关.words).toBe(card!.truth.card.issuing_authority);
    expect(reply.words_result.失效日期.words).toBe('长期');
    expect(reply.image_status).toBe('normal');
  });

  it('adds risk, quality, portrait and crop on request, and no portrait for the back', async () => {
    const [card] = await specimens({ count: 1, seed: 7, scenario: 'edited' });
    const all = { detect_risk: 'true', detect_quality: 'true', detect_photo: 'true', detect_card: 'true' };
    const { reply } = await client.call(card!.front, 'front', all);
    expect(reply).toMatchObject({ risk_type: 'normal', edit_tool: 'Adobe Photoshop' });
    expect(reply.card_quality).toMatchObject({ IsClear: 1, IsClear_propobility: expect.any(Number) });
    expect(Buffer.from(reply.photo, 'base64').subarray(0, 2).toString('hex')).toBe('ffd8');
    expectNear(reply.photo_location, { left: 672, top: 70, width: 250, height: 262 });
    expect(Buffer.from(reply.card_image, 'base64').subarray(0, 2).toString('hex')).toBe('ffd8');
    const back = (await client.call(card!.back, 'back', all)).reply;
    expect(back).not.toHaveProperty('photo');
    expect(back).toMatchObject({ risk_type: 'normal', card_image: expect.any(String) });
  });

  it('returns the expected result of each side in each scenario', async () => {
    for (const card of await specimens({ count: 15, seed: 3 })) {
      const front = (await client.call(card.front, 'front')).reply;
      const back = (await client.call(card.back, 'back')).reply;
      expect([card.scenario, front.image_status]).toEqual([card.scenario, card.truth.expect.front.image_status]);
      expect([card.scenario, back.image_status]).toEqual([card.scenario, card.truth.expect.back.image_status]);
      const words = Object.keys({ ...front.words_result, ...back.words_result });
      expect(words.includes('姓名')).toBe(card.truth.card.name !== undefined);
      expect(words.includes('民族')).toBe(card.truth.card.ethnicity !== undefined);
      expect(words.includes('签发机关')).toBe(true);
    }
  });

  it('checks the number against birth date and sex', async () => {
    const [card] = await specimens({ count: 1, scenario: 'number-mismatch' });
    expect((await client.call(card!.front, 'front')).reply.idcard_number_type).toBe(3);
  });

  it('counts an accepted image that is sent twice as a duplicate', async () => {
    await fetch(`${client.url}/__control/stats/reset`, { method: 'POST' });
    const [card] = await specimens({ count: 1, seed: 11 });
    await client.call(card!.front, 'front');
    await client.call(card!.back, 'back');
    await client.call(card!.front, 'front');
    expect(await client.stats()).toEqual({
      calls: 3,
      accepted: 3,
      rejected_qps: 0,
      rejected_quota: 0,
      failed: 0,
      duplicates_by_image: 1,
      max_in_any_second: 3,
      by_code: { 0: 3 },
      token_requests: 0,
    });
  });
});
