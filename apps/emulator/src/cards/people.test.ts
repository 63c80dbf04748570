import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { specimenFont } from './font.ts';
import { decodeMark, encodeMark } from './mark.ts';
import { inventPerson, withCheckCharacter } from './people.ts';
import { createRandom } from './random.ts';
import { frontCondition, SCENARIOS } from './scenarios.ts';

const days = fc.date({ min: new Date('2025-01-01'), max: new Date('2045-12-31'), noInvalidDate: true });
const person = fc
  .record({
    scenario: fc.constantFrom(...SCENARIOS),
    n: fc.integer({ min: 1, max: 50_000 }),
    seed: fc.integer(),
    day: days,
  })
  .map(({ scenario, n, seed, day }) => {
    const today = day.toISOString().slice(0, 10);
    return { scenario, today, n, ...inventPerson(scenario, n, today, createRandom(seed, n)) };
  });

/** Completed years between two `YYYYMMDD`. */
function years(from: string, to: string): number {
  return Math.floor((Number(to) - Number(from)) / 10_000);
}

describe('an invented person', () => {
  it("has the check characters of the standard's published examples", () => {
    expect(withCheckCharacter('11010519491231002')).toBe('11010519491231002X');
    expect(withCheckCharacter('44052418800101001')).toBe('440524188001010014');
  });

  it('has a number of a region that does not exist, or a number that is never issued', () => {
    fc.assert(
      fc.property(person, ({ scenario, front }) => {
        const impossible = /^(99|00)\d{4}/.test(front.number) && front.number.slice(14, 17) !== '000';
        const neverIssued = /^8[123]0000\d{8}000/.test(front.number);
        expect(scenario === 'residence-permit' ? neverIssued : impossible).toBe(true);
        expect(withCheckCharacter(front.number.slice(0, 17))).toBe(front.number);
        expect(Number(front.number[16]) % 2 === 1).toBe(front.sex === '男');
        expect(front.number.slice(6, 14) === front.birth).toBe(scenario !== 'number-mismatch');
      }),
    );
  });

  it('has a card that is valid today, or expired in that scenario, with the validity for the age', () => {
    fc.assert(
      fc.property(person, ({ scenario, today, front, back }) => {
        const now = today.replaceAll('-', '');
        const age = years(front.birth, back.from);
        expect(back.from < now).toBe(true);
        expect(front.birth < back.from).toBe(true);
        if (back.until === '长期') {
          expect(scenario).toBe('long-term');
          expect(age).toBeGreaterThanOrEqual(46);
          return;
        }
        expect(back.until < now).toBe(scenario === 'expired');
        const wanted = scenario === 'residence-permit' || age < 16 ? 5 : age <= 25 ? 10 : 20;
        expect(Number(back.until) - Number(back.from)).toBe(wanted * 10_000);
        expect(age).toBeLessThanOrEqual(scenario === 'residence-permit' ? 100 : 45);
      }),
    );
  });

  it('has only text that the font can draw and the mark can contain', () => {
    fc.assert(
      fc.property(person, ({ scenario, front, back }) => {
        const text = `${front.name}${front.ethnicity}${front.address}${front.number}${back.authority}${back.until}`;
        expect(specimenFont().covers(text.replaceAll('·', ''))).toBe(true);
        const mark = { side: 'front' as const, ...front, ...frontCondition(scenario) };
        expect(decodeMark(encodeMark(mark))).toEqual(mark);
        expect(encodeMark(mark).length).toBeLessThan(110);
      }),
    );
  });

  it('has a number that differs from the other 19,999 of its run', () => {
    const regions = new Set(Array.from({ length: 20_000 }, (_, i) => regionOf(i + 1)));
    expect(regions.size).toBe(20_000);
  });
});

function regionOf(n: number): string {
  return inventPerson('good', n, '2030-06-15', createRandom(1, n)).front.number.slice(0, 6);
}

it('decodeMark refuses bytes of another origin', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => decodeMark(bytes) === undefined));
});
