import { buildResult, DEFAULT_POLICY, maskResult } from '@cardseal/idcard/card';
import { describe, expect, it } from 'vitest';
import { type ReplyContext, readReply } from './index.ts';

const FRONT: ReplyContext = { declaredSide: 'front', provider: 'baidu-idcard-enc' };
const BACK: ReplyContext = { ...FRONT, declaredSide: 'back' };
const location = { left: 267, top: 63, width: 91, height: 36 };
const entry = (words: unknown) => ({ location, words });

const frontWords = {
  姓名: entry('样本·一'),
  性别: entry('女'),
  民族: entry('汉'),
  出生: entry('19900304'),
  住址: entry('样本省样本市样本路1号'),
  公民身份号码: entry('99010119900304002x'),
};
const backWords = { 签发机关: entry('样本市公安局'), 签发日期: entry('20180506'), 失效日期: entry('20380506') };

const reply = (parts: object) => JSON.stringify({ image_status: 'normal', ...parts });
const read = (parts: object, context = FRONT) => readReply(reply(parts), context);

describe('positions of portrait and card', () => {
  it('are in the result with and without their bytes, and in the masked result', () => {
    const photo = Buffer.from([255, 216, 1]).toString('base64');
    for (const bytes of [{}, { photo, card_image: photo }, { photo: 'not base64!', card_image: '' }]) {
      const parts = { words_result: frontWords, photo_location: location, card_location: location, ...bytes };
      const result = buildResult([read(parts)], { today: '2025-06-01', policy: DEFAULT_POLICY });
      for (const { sides } of [result, maskResult(result)]) {
        expect(sides.front).toMatchObject({ portrait: { box: location }, card: { box: location } });
      }
    }
    const partial = read({ words_result: frontWords, photo_location: { left: 1, top: 2 }, card_location: null });
    expect(partial).not.toHaveProperty('portrait');
    expect(partial).not.toHaveProperty('crop');
  });
});

describe('a text that is not understood', () => {
  const resultOf = (words: object, context = FRONT) =>
    buildResult([read({ words_result: words, idcard_number_type: 1 }, context)], {
      today: '2025-06-01',
      policy: DEFAULT_POLICY,
    });
  const number = { 公民身份号码: entry('990101199003040027') };

  it('leads to clear as long as everything is understood', () => {
    expect(resultOf({ ...frontWords, ...number }).verdict).toBe('clear');
    expect(resultOf(backWords, BACK).verdict).toBe('clear');
  });

  it.each(['男性', '女性', 'M', 'F', 'male', '未知', '另'])('warns for the sex %s and never leads to clear', (sex) => {
    const result = resultOf({ ...frontWords, ...number, 性别: entry(sex) });
    expect(result.card.sex).toMatch(/^other:/);
    expect(result.sides.front?.fields.sex?.text).toBe(sex);
    expect(result.checks).toContainEqual({ code: 'fields_understood', outcome: 'warn', side: 'front' });
    expect(result.verdict).not.toBe('clear');
  });

  it.each([
    ['出生', '1990年13月41日', FRONT],
    ['签发日期', '二〇一八', BACK],
    ['失效日期', '永久', BACK],
  ] as const)('warns for the date in %s', (caption, text, context) => {
    const words = context === FRONT ? { ...frontWords, ...number } : backWords;
    const result = resultOf({ ...words, [caption]: entry(text) }, context);
    expect(result.checks).toContainEqual({
      code: 'fields_understood',
      outcome: 'warn',
      side: context.declaredSide,
    });
    expect(result.verdict).not.toBe('clear');
  });

  it('keeps the dot of a name as read in fields, and U+00B7 in the card', () => {
    for (const dot of ['•', '・', '．', '‧', '.', '･', '∙']) {
      const { card, sides } = resultOf({ ...frontWords, ...number, 姓名: entry(`样本${dot}一`) });
      expect(card.name).toBe('样本\u00B7一');
      expect(sides.front?.fields.name?.text).toBe(`样本${dot}一`);
    }
  });
});

describe('a whole reply', () => {
  it('reads the front', () => {
    const bytes = Buffer.from(
      `{"log_id":18446744073709551615,${reply({
        direction: 0,
        risk_type: 'normal',
        edit_tool: '',
        card_quality: {
          IsClear: 1,
          IsClear_propobility: 0.93,
          IsComplete: 0,
          IsComplete_propobility: 0.2,
          IsNoCover: 1,
        },
        idcard_number_type: 1,
        photo: Buffer.from([255, 216, 1]).toString('base64'),
        photo_location: location,
        words_result: frontWords,
        words_result_num: 6,
      }).slice(1)}`,
    );
    const box = location;
    expect(readReply(bytes, FRONT)).toEqual({
      declaredSide: 'front',
      shownSide: 'front',
      image_status: 'normal',
      direction: 'upright',
      risk: { type: 'normal' },
      quality: {
        clear: { ok: true, probability: 0.93 },
        complete: { ok: false, probability: 0.2 },
        uncovered: { ok: true },
      },
      number_check: 'consistent',
      fields: {
        name: { text: '样本·一', box },
        sex: { text: '女', box },
        ethnicity: { text: '汉', box },
        birth_date: { text: '19900304', box },
        address: { text: '样本省样本市样本路1号', box },
        id_number: { text: '99010119900304002x', box },
      },
      card: {
        name: '样本·一',
        sex: 'female',
        ethnicity: '汉',
        birth_date: '1990-03-04',
        address: '样本省样本市样本路1号',
        id_number: '99010119900304002X',
      },
      log_id: '18446744073709551615',
      provider: 'baidu-idcard-enc',
      portrait: { bytes: Buffer.from([255, 216, 1]), box },
    });
  });

  it('reads the back', () => {
    expect(read({ words_result: backWords }, BACK)).toMatchObject({
      shownSide: 'back',
      card: {
        issuing_authority: '样本市公安局',
        valid_from: '2018-05-06',
        valid_until: '2038-05-06',
        valid_long_term: false,
      },
    });
  });

  it.each([
    ['长期', { valid_long_term: true }],
    ['长 期', { valid_long_term: true }],
    ['20380230', {}],
    ['2038.05.06', { valid_until: '2038-05-06', valid_long_term: false }],
  ])('reads 失效日期 %s', (text, expected) => {
    const { card, fields } = read({ words_result: { ...backWords, 失效日期: entry(text) } }, BACK);
    expect(card).toEqual({ issuing_authority: '样本市公安局', valid_from: '2018-05-06', ...expected });
    expect(fields.valid_until?.text).toBe(text);
  });

  it('reads the documented array as well', () => {
    const one = Object.entries(frontWords).map(([caption, words]) => ({ [caption]: words }));
    const other = Object.entries(frontWords).map(([name, words]) => ({ name, ...words }));
    expect(read({ words_result: one })).toEqual(read({ words_result: frontWords }));
    expect(read({ words_result: other })).toEqual(read({ words_result: frontWords }));
  });

  it('reads the smallest reply', () => {
    expect(readReply('{"words_result":{}}', { ...FRONT, logId: '42' })).toEqual({
      declaredSide: 'front',
      shownSide: null,
      image_status: 'unknown',
      fields: {},
      card: {},
      log_id: '42',
      provider: 'baidu-idcard-enc',
    });
  });
});

describe('digits', () => {
  it.each([
    ['9007199254740993', '9007199254740993'],
    ['"1803123456789012345"', '1803123456789012345'],
    ['1.8e18', undefined],
    ['-1', undefined],
    ['"latest"', undefined],
  ])('log_id %s is %s', (raw, expected) => {
    expect(readReply(`{"image_status":"normal","log_id":${raw}}`, FRONT).log_id).toBe(expected);
  });

  it('of a number sent as a number are kept, and other numbers are left alone', () => {
    const text = `{"words_result":{"公民身份号码":{"words":990101199003040028,"location":{"left":1e2,"top":"7","width":0.5,"height":-0}}}}`;
    expect(readReply(text, FRONT).fields.id_number).toEqual({
      text: '990101199003040028',
      box: { left: 100, top: 7, width: 0.5, height: 0 },
    });
  });
});

describe('the side that an image shows', () => {
  it.each([
    [{ words_result: backWords }, 'back'],
    [{ words_result: frontWords, image_status: 'reversed_side' }, 'front'],
    [{ words_result: {} }, null],
    [{ words_result: { 姓名: entry(''), 性别: entry(' ') } }, null],
    [{ words_result: { 姓名: entry('样'), 签发机关: entry('局') } }, 'front'],
    [{ words_result: { 姓名: entry('样'), ...backWords } }, 'back'],
  ])('%j', (parts, side) => {
    expect(read(parts).shownSide).toBe(side);
  });
});

describe('enumerations are open', () => {
  it.each([
    [{ image_status: 'Mirrored' }, { image_status: 'other:mirrored' }],
    [{ image_status: '样本一' }, { image_status: 'other:unknown' }],
    [{ image_status: 7 }, { image_status: 'other:7' }],
    [{ direction: '3' }, { direction: 'rotated_270' }],
    [{ direction: -1 }, { direction: 'unknown' }],
    [{ direction: 5 }, { direction: 'other:5' }],
    [{ idcard_number_type: '-1' }, { number_check: 'fields_empty' }],
    [{ idcard_number_type: 0 }, { number_check: 'number_illegal' }],
    [{ idcard_number_type: '4' }, { number_check: 'sex_differs' }],
    [{ idcard_number_type: 9 }, { number_check: 'other:9' }],
    [{ risk_type: 'screenshot' }, { risk: { type: 'screenshot' } }],
    [{ risk_type: 'mask' }, { risk: { type: 'other:mask' } }],
    [{ risk_type: 'normal', edit_tool: 'Adobe Photoshop' }, { risk: { type: 'normal', edit_tool: 'Adobe Photoshop' } }],
    [{ edit_tool: 'GIMP' }, { risk: { type: 'unknown', edit_tool: 'GIMP' } }],
  ])('%j', (parts, expected) => {
    expect(read(parts)).toMatchObject(expected);
  });
});

describe('odd values are tolerated', () => {
  it.each([
    [
      'numbers as strings',
      { card_quality: { IsClear: '1', IsClear_propobility: '0.75' } },
      { quality: { clear: { ok: true, probability: 0.75 } } },
    ],
    ['sex unknown', { words_result: { 性别: entry('未知') } }, { card: { sex: 'other:unknown' } }],
    [
      'ethnicity with 族',
      { words_result: { 民族: entry('维吾尔族') } },
      { card: { ethnicity: '维吾尔' }, fields: { ethnicity: { text: '维吾尔族' } } },
    ],
    [
      'full-width number',
      { words_result: { 公民身份号码: entry('９９０１０１ １９９００３０４００２ｘ') } },
      { card: { id_number: '99010119900304002X' } },
    ],
    [
      'impossible birth date',
      { words_result: { 出生: entry('19900230') } },
      { card: {}, fields: { birth_date: { text: '19900230' } } },
    ],
    ['bare text', { words_result: { 姓名: '样本一' } }, { card: { name: '样本一' } }],
    ['control characters', { words_result: { 姓名: entry('\u0000样本\n一') } }, { card: { name: '样本一' } }],
    ['half a character', { words_result: { 姓名: entry('样\ud800本') } }, { card: { name: '样\ufffd本' } }],
    [
      'text of a megabyte',
      { words_result: { 住址: entry('样'.repeat(300_000)) } },
      { card: { address: '样'.repeat(256) } },
    ],
  ])('%s', (_, parts, expected) => {
    expect(read(parts)).toMatchObject(expected);
  });

  it.each([
    { words_result: null },
    { words_result: [null, 1, 'x', [], { name: 7 }] },
    { words_result: { 姓名: null, 性别: [], 民族: { words: {} }, 出生: { words: true } } },
    { card_quality: { IsClear: 2, IsClear_propobility: 7 } },
    { card_quality: [] },
    { risk_type: null, direction: {}, idcard_number_type: [] },
    { photo: 'not base64!', card_image: '' },
    { photo: 7 },
  ])('%j gives nothing', (parts) => {
    expect(read(parts)).toEqual({
      declaredSide: 'front',
      shownSide: null,
      image_status: 'normal',
      fields: {},
      card: {},
      provider: 'baidu-idcard-enc',
    });
  });

  it('a box with a side missing is no box', () => {
    const words_result = { 姓名: { words: '样本一', location: { left: 1, top: 2, width: 3 } } };
    expect(read({ words_result }).fields.name).toEqual({ text: '样本一' });
  });

  it('a crop too large is left out and the card stays', () => {
    const words_result = { 姓名: entry('样本一') };
    const result = read({ words_result, card_image: 'A'.repeat(4 * 1024 * 1024 * 1.4) });
    expect(result.crop).toBeUndefined();
    expect(result.card.name).toBe('样本一');
  });

  it('a key named like a property of every object is a key', () => {
    expect(read({ words_result: { __proto__: entry('x'), constructor: entry('y') } }).fields).toEqual({});
    expect(readReply('{"image_status":"constructor","risk_type":"__proto__"}', FRONT)).toMatchObject({
      image_status: 'other:constructor',
      risk: { type: 'other:__proto__' },
    });
  });
});
