import { describe, expect, it } from 'vitest';
import { buildResult, DEFAULT_POLICY, maskResult, type SideReading } from './index.ts';
import { back, front, TODAY } from './specimen-for-tests.ts';

const build = (readings: SideReading[], adjusted = {}) =>
  buildResult(readings, { today: TODAY, policy: DEFAULT_POLICY, adjusted });
const crop = { bytes: Buffer.from('portrait'), box: { left: 1, top: 2, width: 3, height: 4 } };

const BOX = { left: 10, top: 20, width: 30, height: 40 };
const richFront = () =>
  front(
    {},
    {
      direction: 'upright',
      risk: { type: 'normal' },
      quality: { clear: { ok: true, probability: 0.9 } },
      log_id: '18446744073709551615',
      portrait: crop,
      crop,
      fields: {
        name: { text: '样本一', box: BOX },
        sex: { text: '女' },
        birth_date: { text: '19900304', box: BOX },
        id_number: { text: '990101199003040028' },
      },
    },
  );

describe('the result', () => {
  it('has the shape of the contract, and nothing that is absent', () => {
    expect(build([back(), richFront()], { front: { scaled: true }, back: undefined })).toStrictEqual({
      card: { ...front().card, ...back().card },
      sides: {
        front: {
          image_status: 'normal',
          direction: 'upright',
          risk: { type: 'normal' },
          quality: { clear: { ok: true, probability: 0.9 } },
          number_check: 'consistent',
          fields: richFront().fields,
          portrait: { box: crop.box },
          card: { box: crop.box },
          adjusted: { scaled: true },
          log_id: '18446744073709551615',
          provider: 'specimen',
        },
        back: { image_status: 'normal', fields: back().fields, provider: 'specimen' },
      },
      checks: expect.arrayContaining([{ code: 'image_status', outcome: 'pass', side: 'front' }]),
      verdict: 'clear',
    });
  });

  it('survives JSON unchanged and holds no bytes of a crop', () => {
    const result = build([richFront(), back()]);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    expect(JSON.stringify(result)).not.toMatch(/bytes|crop|Buffer/);
  });

  it('keys its sides by what was declared', () => {
    const { sides } = build([front({}, { declaredSide: 'back' })]);
    expect(Object.keys(sides)).toEqual(['back']);
    expect(sides.back?.fields).toHaveProperty('name');
  });

  it('follows the policy', () => {
    const policy = { ...DEFAULT_POLICY, checks: { side_match: { warn: 'clear' as const } } };
    const readings = [front({}, { declaredSide: 'back' }), back({}, { declaredSide: 'front' })];
    expect(build(readings).verdict).toBe('review');
    expect(buildResult(readings, { today: TODAY, policy }).verdict).toBe('clear');
  });
});

describe('the masked result', () => {
  it('shows an initial, the years, two characters of the number, and the outcome', () => {
    const result = build([richFront(), back({ valid_until: undefined, valid_long_term: true })], {
      front: { scaled: true },
    });
    const masked = maskResult(result);
    expect(masked.card).toEqual({
      name: '样**',
      sex: 'female',
      ethnicity: '***',
      birth_date: '1990-**-**',
      address: '***',
      id_number: `****************${result.card.id_number?.slice(-2)}`,
      issuing_authority: '***',
      valid_from: '2018-**-**',
      valid_long_term: true,
    });
    expect(masked.sides.front).toEqual({
      image_status: 'normal',
      direction: 'upright',
      risk: { type: 'normal' },
      quality: { clear: { ok: true, probability: 0.9 } },
      number_check: 'consistent',
      portrait: { box: crop.box },
      card: { box: crop.box },
      adjusted: { scaled: true },
      log_id: '18446744073709551615',
      provider: 'specimen',
      fields: {
        name: { text: '样**' },
        sex: { text: '女' },
        birth_date: { text: '1990****' },
        id_number: { text: '****************28' },
      },
    });
    expect(masked.checks).toEqual(result.checks);
    expect(masked.verdict).toBe(result.verdict);
  });

  it('changes nothing when it is masked again, and leaves the original alone', () => {
    const result = build([richFront(), back()]);
    const before = structuredClone(result);
    const masked = maskResult(result);
    expect(maskResult(masked)).toEqual(masked);
    expect(result).toEqual(before);
  });

  it('hides whatever stands where a date, a sex or a number should', () => {
    const texts = { birth_date: { text: '样本省样本路' }, sex: { text: '样本一' }, id_number: { text: '样本1234567' } };
    const odd = front({ id_number: '1234567', sex: 'other:unknown' }, { fields: texts });
    const masked = maskResult(build([odd]));
    expect(masked.sides.front?.fields).toEqual({
      birth_date: { text: '***' },
      sex: { text: '***' },
      id_number: { text: '***' },
    });
    expect(masked.card.id_number).toBe('***');
  });

  it('drops what it does not know', () => {
    const result = build([front()]);
    const grown = {
      ...result,
      surprise: '样本一',
      card: { ...result.card, surprise: '样本一' },
      sides: { front: { ...result.sides.front!, surprise: '样本一' } },
    };
    expect(JSON.stringify(maskResult(grown))).not.toMatch(/surprise|样本一/);
  });
});
