import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addYears, dayNumber, hasLawfulLength, termAtAge } from './index.ts';

const iso = (day: number) => new Date(day * 86_400_000).toISOString().slice(0, 10);
const plusDays = (date: string, days: number) => iso(dayNumber(date) + days);
const issued = fc.integer({ min: dayNumber('2004-01-01'), max: dayNumber('2040-12-31') }).map(iso);
const holder = (birthDate?: string) => ({ residencePermit: false, ...(birthDate ? { birthDate } : {}) });

/** The law's table, written out: age in completed years → what the card says. */
function lawfulUntil(from: string, age: number): string {
  if (age <= 15) return addYears(from, 5);
  if (age <= 25) return addYears(from, 10);
  if (age <= 45) return addYears(from, 20);
  return 'long';
}

describe('length of validity', () => {
  it.each([
    [0, 5],
    [15, 5],
    [16, 10],
    [25, 10],
    [26, 20],
    [45, 20],
    [46, 'long'],
    [100, 'long'],
  ])('at age %i is %s', (age, term) => {
    expect(termAtAge(age)).toBe(term);
  });

  it('fits when it is the one for the age at issue, and no other does', () => {
    fc.assert(
      fc.property(issued, fc.nat(80), fc.integer({ min: 1, max: 360 }), fc.nat(80), (from, age, days, otherAge) => {
        const birthDate = plusDays(addYears(from, -age), -days);
        fc.pre(!birthDate.endsWith('02-29') && Number(birthDate.slice(0, 4)) > 1900);
        expect(hasLawfulLength({ from, until: lawfulUntil(from, age) }, holder(birthDate))).toBe(true);
        fc.pre(termAtAge(otherAge) !== termAtAge(age));
        expect(hasLawfulLength({ from, until: lawfulUntil(from, otherAge) }, holder(birthDate))).toBe(false);
      }),
    );
  });

  it('bears one day and not two', () => {
    fc.assert(
      fc.property(issued, fc.constantFrom(5, 10, 20), fc.integer({ min: -40, max: 40 }), (from, years, off) => {
        const until = plusDays(addYears(from, years), off);
        expect(hasLawfulLength({ from, until }, holder())).toBe(Math.abs(off) <= 1);
      }),
    );
  });

  it('bears both neighbours of a 29 February that the last year lacks', () => {
    expect(hasLawfulLength({ from: '2016-02-29', until: '2026-02-28' }, holder())).toBe(true);
    expect(hasLawfulLength({ from: '2016-02-29', until: '2026-03-01' }, holder())).toBe(true);
    expect(hasLawfulLength({ from: '2016-02-29', until: '2026-03-02' }, holder())).toBe(false);
  });

  it('lets who was born on a 29 February come of age on either day', () => {
    const born = holder('2000-02-29');
    expect(hasLawfulLength({ from: '2026-02-28', until: '2036-02-28' }, born)).toBe(true);
    expect(hasLawfulLength({ from: '2026-02-28', until: '2046-02-28' }, born)).toBe(true);
    expect(hasLawfulLength({ from: '2026-03-01', until: '2036-03-01' }, born)).toBe(false);
    expect(hasLawfulLength({ from: '2026-02-27', until: '2046-02-27' }, born)).toBe(false);
  });

  it('is always 5 years on a residence permit', () => {
    const permit = { residencePermit: true, birthDate: '1960-01-01' };
    expect(hasLawfulLength({ from: '2020-05-06', until: '2025-05-06' }, permit)).toBe(true);
    expect(hasLawfulLength({ from: '2020-05-06', until: 'long' }, permit)).toBe(false);
  });

  it('may be any of the law without a birth date', () => {
    expect(hasLawfulLength({ from: '2020-05-06', until: 'long' }, holder())).toBe(true);
    expect(hasLawfulLength({ from: '2020-05-06', until: '2035-05-06' }, holder())).toBe(false);
  });
});
