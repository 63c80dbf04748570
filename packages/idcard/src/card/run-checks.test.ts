import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CHECK_OUTCOMES,
  DEFAULT_POLICY,
  type ImageStatus,
  type RiskType,
  runChecks,
  type SideReading,
} from './index.ts';
import { back, blank, front, numbered, TODAY } from './specimen-for-tests.ts';

const run = (...readings: SideReading[]) =>
  runChecks(readings, { today: TODAY, thresholds: DEFAULT_POLICY.thresholds });
/** `code@side` → outcome, so that a whole result compares at a glance. */
const table = (...readings: SideReading[]) =>
  Object.fromEntries(run(...readings).map(({ code, side, outcome }) => [side ? `${code}@${side}` : code, outcome]));
const notPassed = (...readings: SideReading[]) =>
  Object.fromEntries(Object.entries(table(...readings)).filter(([, outcome]) => outcome !== 'pass'));

const CLEAN_FRONT = {
  'image_status@front': 'pass',
  'side_match@front': 'pass',
  'number_checksum@front': 'pass',
  'number_birth_date@front': 'pass',
  'number_sex@front': 'pass',
  'number_provider@front': 'pass',
  'residence_permit@front': 'pass',
  'ethnicity_known@front': 'pass',
  'name_shape@front': 'pass',
};
const CLEAN_BACK = {
  'image_status@back': 'pass',
  'side_match@back': 'pass',
  'validity_started@back': 'pass',
  'validity_not_expired@back': 'pass',
  'validity_length@back': 'pass',
};

describe('a clean card', () => {
  it('passes every check that has data', () => {
    expect(table(front(), back())).toEqual({ ...CLEAN_FRONT, ...CLEAN_BACK, sides_consistent: 'pass' });
    expect(table(front())).toEqual(CLEAN_FRONT);
    expect(table(back())).toEqual(CLEAN_BACK);
  });

  it('lists its checks in the order of the list, front first', () => {
    const codes = run(back(), front()).map(({ code, side }) => `${code} ${side ?? ''}`);
    expect(codes.slice(0, 4)).toEqual([
      'image_status front',
      'image_status back',
      'side_match front',
      'side_match back',
    ]);
    expect(codes.at(-1)).toBe('sides_consistent ');
  });
});

describe('checks of the image', () => {
  it.each<[ImageStatus, string]>([
    ['normal', 'pass'],
    ['reversed_side', 'pass'],
    ['unknown', 'warn'],
    ['other:mirrored', 'warn'],
    ['non_idcard', 'fail'],
    ['blurred', 'fail'],
    ['other_type_card', 'fail'],
    ['over_exposure', 'fail'],
    ['over_dark', 'fail'],
  ])('image_status %s: %s', (image_status, outcome) => {
    expect(table(front({}, { image_status }))['image_status@front']).toBe(outcome);
  });

  it('an unusable image has no other checks', () => {
    expect(table(blank('front'), back())).toEqual({ 'image_status@front': 'fail', ...CLEAN_BACK });
  });

  it('swapped images warn twice, and everything else still passes', () => {
    const swapped = [
      front({}, { declaredSide: 'back', image_status: 'reversed_side' }),
      back({}, { declaredSide: 'front', image_status: 'reversed_side' }),
    ];
    expect(table(...swapped)).toEqual({
      ...CLEAN_FRONT,
      ...CLEAN_BACK,
      sides_consistent: 'pass',
      'side_match@front': 'warn',
      'side_match@back': 'warn',
    });
  });

  it.each<[RiskType, string]>([
    ['normal', 'pass'],
    ['temporary', 'warn'],
    ['unknown', 'warn'],
    ['other:mask', 'warn'],
    ['copy', 'fail'],
    ['screen', 'fail'],
    ['screenshot', 'fail'],
  ])('risk_type %s: %s, no edit tool: pass', (type, outcome) => {
    const found = table(back({}, { risk: { type } }));
    expect([found['risk_type@back'], found['edit_tool@back']]).toEqual([outcome, 'pass']);
  });

  it('an edit tool fails', () => {
    expect(notPassed(front({}, { risk: { type: 'normal', edit_tool: 'Adobe Photoshop' } }))).toEqual({
      'edit_tool@front': 'fail',
    });
  });

  it('the probability decides where it is present, the flag otherwise', () => {
    const quality = {
      clear: { ok: true, probability: 0.49 },
      complete: { ok: false, probability: 0.5 },
      uncovered: { ok: false },
    };
    expect(table(front({}, { quality }))).toMatchObject({
      'quality_clear@front': 'warn',
      'quality_complete@front': 'pass',
      'quality_uncovered@front': 'warn',
    });
    const strict = { clear: 0.4, complete: 0.6, uncovered: 0.3 };
    const codes = runChecks([front({}, { quality })], { today: TODAY, thresholds: strict });
    expect(codes.filter(({ outcome }) => outcome === 'warn').map(({ code }) => code)).toEqual([
      'quality_complete',
      'quality_uncovered',
    ]);
  });

  it.each(['name', 'sex', 'birth_date', 'address', 'id_number', 'ethnicity'] as const)(
    'a good front without %s is incomplete',
    (name) => {
      expect(notPassed(front({ [name]: undefined }), back())).toEqual({ 'fields_complete@front': 'warn' });
    },
  );

  it('a good image without any field is incomplete', () => {
    expect(notPassed(blank('back', { image_status: 'normal' }))).toEqual({ 'fields_complete@back': 'warn' });
    expect(notPassed(back({ valid_until: undefined }))).toEqual({ 'fields_complete@back': 'warn' });
    expect(notPassed(back({ valid_until: undefined, valid_long_term: true }))).toEqual({});
  });
});

describe('checks of the number', () => {
  const failing = (card: Parameters<typeof front>[0]) => notPassed(front(card));

  it.each(['990101900304002', '99010119900304002x', '9901011990030400270'])('%s is no number', (id_number) => {
    expect(table(front({ id_number }))).toMatchObject({ 'number_checksum@front': 'fail' });
    expect(table(front({ id_number }))).not.toHaveProperty('number_birth_date@front');
  });

  it('one wrong digit fails the checksum alone', () => {
    const right = numbered('99010119900304002');
    expect(failing({ id_number: right.slice(0, 17) + ((Number.parseInt(right[17]!, 10) + 1 || 0) % 10) })).toEqual({
      'number_checksum@front': 'fail',
    });
  });

  it('another birth date, an impossible one and one to come fail', () => {
    expect(failing({ birth_date: '1990-03-05' })).toEqual({ 'number_birth_date@front': 'fail' });
    expect(failing({ id_number: numbered('99010119900230002'), birth_date: undefined })).toMatchObject({
      'number_birth_date@front': 'fail',
    });
    expect(failing({ id_number: numbered('99010120250602002'), birth_date: '2025-06-02' })).toEqual({
      'number_birth_date@front': 'fail',
    });
    expect(failing({ id_number: numbered('99010120250601002'), birth_date: TODAY })).toEqual({});
  });

  it('a printed birth date that is none fails, a missing one says nothing', () => {
    const unreadable = front({ birth_date: undefined });
    expect(table(unreadable)).not.toHaveProperty('number_birth_date@front');
    const fields = { ...unreadable.fields, birth_date: { text: '19900230' } };
    expect(table({ ...unreadable, fields })).toMatchObject({ 'number_birth_date@front': 'fail' });
  });

  it('the seventeenth digit gives the sex', () => {
    expect(failing({ sex: 'male' })).toEqual({ 'number_sex@front': 'fail' });
    expect(failing({ sex: 'male', id_number: numbered('99010119900304003') })).toEqual({});
    expect(table(front({ sex: 'other:unknown' }))).not.toHaveProperty('number_sex@front');
  });

  it.each([
    ['consistent', 'pass'],
    ['number_illegal', 'fail'],
    ['sex_and_birth_date_differ', 'fail'],
    ['birth_date_differs', 'fail'],
    ['sex_differs', 'fail'],
    ['other:9', 'warn'],
    ['fields_empty', undefined],
    [undefined, undefined],
  ] as const)('number_provider %s: %s', (number_check, outcome) => {
    expect(table(front({}, { number_check }))['number_provider@front']).toBe(outcome);
  });

  it('a residence permit warns, has no ethnicity and 5 years', () => {
    const id_number = numbered('81000019900304000');
    const permit = front({ id_number, ethnicity: undefined });
    expect(notPassed(permit, back({ valid_until: '2023-05-06' }))).toEqual({
      'residence_permit@front': 'warn',
      'validity_not_expired@back': 'fail',
    });
    expect(notPassed(permit, back())).toMatchObject({ 'validity_length@back': 'warn' });
  });
});

describe('checks of the person and the dates', () => {
  it('strange texts warn', () => {
    expect(notPassed(front({ ethnicity: '穿青人', name: 'A' }))).toEqual({
      'ethnicity_known@front': 'warn',
      'name_shape@front': 'warn',
    });
  });

  it('first and last day count as valid', () => {
    const on = (today: string) =>
      runChecks([back()], { today, thresholds: DEFAULT_POLICY.thresholds }).filter(({ outcome }) => outcome === 'fail');
    expect(on('2018-05-05').map(({ code }) => code)).toEqual(['validity_started']);
    expect(on('2018-05-06')).toEqual([]);
    expect(on('2038-05-06')).toEqual([]);
    expect(on('2038-05-07').map(({ code }) => code)).toEqual(['validity_not_expired']);
  });

  it('a length for another age warns only when the age is known', () => {
    const ten = back({ valid_until: '2028-05-06' });
    expect(notPassed(ten)).toEqual({});
    expect(notPassed(front(), ten)).toEqual({ 'validity_length@back': 'warn' });
  });

  it('a card issued before its holder was born fails', () => {
    const child = front({ birth_date: '2019-01-01', id_number: numbered('99010120190101002') });
    expect(notPassed(child, back({ valid_until: '2023-05-06' }))).toEqual({
      'validity_not_expired@back': 'fail',
      sides_consistent: 'fail',
    });
  });
});

describe('the list of checks', () => {
  const reading = fc.record({
    declaredSide: fc.constantFrom('front' as const, 'back' as const),
    image_status: fc.constantFrom<ImageStatus>('normal', 'reversed_side', 'blurred', 'unknown', 'other:x'),
    card: fc.record(
      {
        name: fc.string(),
        sex: fc.constantFrom('male' as const, 'female' as const, 'other:x' as const),
        id_number: fc.oneof(fc.string(), fc.constantFrom(numbered('99010119900304002'), numbered('81000019900304000'))),
        birth_date: fc.constantFrom('1990-03-04', '2024-02-29'),
        valid_from: fc.constantFrom('1980-01-01', '2020-02-29', '2030-01-01'),
        valid_until: fc.constantFrom('1990-01-01', '2030-02-28'),
        ethnicity: fc.string(),
      },
      { requiredKeys: [] },
    ),
    shownSide: fc.constantFrom('front' as const, 'back' as const, null),
  });

  it('is all that ever appears, each code once a side, with an outcome it can have', () => {
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 2 }), (readings) => {
        fc.pre(new Set(readings.map(({ declaredSide }) => declaredSide)).size === readings.length);
        const checks = run(...readings.map((one) => ({ ...one, fields: {}, provider: 'any' })));
        const seen = checks.map(({ code, side }) => `${code} ${side}`);
        expect(new Set(seen).size).toBe(seen.length);
        for (const { code, outcome } of checks) expect(CHECK_OUTCOMES[code]).toContain(outcome);
        const statuses = checks.filter(({ code }) => code === 'image_status');
        expect(statuses).toHaveLength(readings.length);
      }),
    );
  });
});
