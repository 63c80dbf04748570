import { DefectError } from '@cardseal/base/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCharacter, parseIdNumber } from './index.ts';

/** ISO 7064 from its other end: a number is right when Horner's rule in base 2, modulo 11, over all 18 gives 1. */
function isRightByHorner(number: string): boolean {
  let remainder = 0;
  for (const character of number) remainder = (remainder * 2 + (character === 'X' ? 10 : Number(character))) % 11;
  return remainder === 1;
}

const digits = (length: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length }).map((all) => all.join(''));
const validNumber = digits(17).map((body) => body + checkCharacter(body));

describe('check character', () => {
  it.each(['11010519491231002X', '440524188001010014'])("knows the standard's own example %s", (number) => {
    expect(checkCharacter(number.slice(0, 17))).toBe(number[17]);
    expect(parseIdNumber(number)?.checkCharacterRight).toBe(true);
  });

  it('makes numbers that the definition accepts, and accepts exactly those', () => {
    fc.assert(
      fc.property(digits(17), fc.constantFrom(...'0123456789X'), (body, last) => {
        expect(isRightByHorner(body + checkCharacter(body))).toBe(true);
        expect(parseIdNumber(body + last)?.checkCharacterRight).toBe(isRightByHorner(body + last));
      }),
    );
  });

  it('detects every single wrong character', () => {
    fc.assert(
      fc.property(validNumber, fc.nat(17), fc.constantFrom(...'0123456789X'), (number, at, wrong) => {
        fc.pre(number[at] !== wrong);
        const broken = number.slice(0, at) + wrong + number.slice(at + 1);
        expect(parseIdNumber(broken)?.checkCharacterRight ?? false).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('detects every swap of two unequal neighbours', () => {
    fc.assert(
      fc.property(validNumber, fc.nat(16), (number, at) => {
        fc.pre(number[at] !== number[at + 1]);
        const swapped = number.slice(0, at) + number[at + 1] + number[at] + number.slice(at + 2);
        expect(parseIdNumber(swapped)?.checkCharacterRight ?? false).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it.each(['', '1101051949123100', '1101051949123100２', '11010519491231002X'])('refuses %j as 17 digits', (text) => {
    expect(() => checkCharacter(text)).toThrow(DefectError);
  });
});

describe('parts of a number', () => {
  it('reads region, birth, sequence and sex', () => {
    expect(parseIdNumber('11010519491231002X')).toEqual({
      region: '110105',
      birthDate: '1949-12-31',
      sequence: '002',
      sex: 'female',
      checkCharacterRight: true,
      residencePermit: false,
    });
  });

  it('finds no birth date where the calendar has none', () => {
    const born = (eight: string) => parseIdNumber(`990101${eight}0010`)?.birthDate;
    expect(born('20230229')).toBeNull();
    expect(born('20240229')).toBe('2024-02-29');
    expect(born('19000229')).toBeNull();
    expect(born('20000229')).toBe('2000-02-29');
    expect(born('19901301')).toBeNull();
    expect(born('19900100')).toBeNull();
  });

  it.each(['810000', '820000', '830000'])('knows residence permits by %s', (region) => {
    expect(parseIdNumber(`${region}199001010000`)?.residencePermit).toBe(true);
  });

  it.each([
    '110105491231002',
    '11010519491231002x',
    ' 11010519491231002X',
    '11010519491231002X0',
    '1101051949123100AX',
  ])('refuses the shape of %j', (text) => {
    expect(parseIdNumber(text)).toBeNull();
  });
});
