import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addYears, completedYears, dateInShanghai, dayNumber, isRealDate } from './index.ts';

const DAY_MS = 86_400_000;
const iso = (day: number) => new Date(day * DAY_MS).toISOString().slice(0, 10);
/** 1850 to 2149. */
const anyDay = fc.integer({ min: -43_830, max: 65_744 });

describe('the calendar', () => {
  it('has exactly the days that follow one another', () => {
    fc.assert(
      fc.property(anyDay, (day) => {
        expect(isRealDate(iso(day))).toBe(true);
        expect(dayNumber(iso(day))).toBe(day);
      }),
    );
  });

  it.each([
    '2023-02-29',
    '1900-02-29',
    '2024-02-30',
    '2024-04-31',
    '2024-00-10',
    '2024-13-01',
    '0000-01-01',
    '2024-1-01',
  ])('does not have %s', (date) => {
    expect(isRealDate(date)).toBe(false);
  });

  it.each(['2024-02-29', '2000-02-29', '0001-01-01', '9999-12-31'])('has %s', (date) => {
    expect(isRealDate(date)).toBe(true);
  });
});

describe('years', () => {
  it('are completed on the birthday and not a day before', () => {
    fc.assert(
      fc.property(anyDay, fc.integer({ min: 1, max: 100 }), (day, years) => {
        const birth = iso(day);
        fc.pre(!birth.endsWith('02-29'));
        const birthday = addYears(birth, years);
        expect(completedYears(birth, birthday)).toBe(years);
        expect(completedYears(birth, iso(dayNumber(birthday) - 1))).toBe(years - 1);
      }),
    );
  });

  it('end on 28 February for who was born or issued on a 29th', () => {
    expect(addYears('2016-02-29', 10)).toBe('2026-02-28');
    expect(addYears('2012-02-29', 20)).toBe('2032-02-29');
    expect(completedYears('2008-02-29', '2024-02-28')).toBe(15);
    expect(completedYears('2008-02-29', '2024-02-29')).toBe(16);
    expect(completedYears('2008-02-29', '2025-02-28')).toBe(16);
    expect(completedYears('2008-02-29', '2025-03-01')).toBe(17);
  });
});

describe('the day in China', () => {
  it('begins at 16:00 UTC', () => {
    expect(dateInShanghai(Date.UTC(2025, 11, 31, 15, 59, 59, 999))).toBe('2025-12-31');
    expect(dateInShanghai(Date.UTC(2025, 11, 31, 16))).toBe('2026-01-01');
  });
});
