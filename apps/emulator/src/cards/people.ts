// Invents the person of a specimen: the text of both sides, with a number that has a valid checksum and an impossible region.
// It must never produce a number that a real person could have.
import type { Random } from './random.ts';
import type { Scenario } from './scenarios.ts';
import * as words from './words.ts';

/** The text on the front. Dates are `YYYYMMDD`. `ethnicity` is empty if the card has none. */
export interface FrontText {
  name: string;
  sex: '男' | '女';
  ethnicity: string;
  birth: string;
  address: string;
  number: string;
}

/** The text on the back. Dates are `YYYYMMDD`; `until` may be 长期. */
export interface BackText {
  authority: string;
  from: string;
  until: string;
}

export interface Person {
  front: FrontText;
  back: BackText;
}

const LONG_TERM = '长期';
const PERMIT_PREFIXES = ['810000', '820000', '830000'] as const;

/** Validity in years by age at issue; undefined means long-term. */
const BANDS = {
  child: { age: [3, 15], years: 5 },
  young: { age: [16, 25], years: 10 },
  adult: { age: [26, 45], years: 20 },
  elder: { age: [46, 80], years: undefined },
} as const;
type Band = keyof typeof BANDS;

/**
 * The person of card `n`.
 * @param today `YYYY-MM-DD`. Except in the scenario `expired`, cards are valid on this day and for at least a month after it.
 */
export function inventPerson(scenario: Scenario, n: number, today: string, random: Random): Person {
  const validity = inventValidity(scenario, today, random);
  const permit = scenario === 'residence-permit';
  const sex = permit || random.next() < 0.5 ? '女' : '男';
  const birth = validity.birth;
  const numberBirth = scenario === 'number-mismatch' ? shiftDay(birth) : birth;
  const region = permit ? random.pick(PERMIT_PREFIXES) : impossibleRegion(n);
  const sequence = permit ? '000' : sequenceFor(sex, random);
  const city = random.pick(words.CITIES);
  const district = random.pick(words.DISTRICTS);
  const minority = scenario === 'minority-name';
  return {
    front: {
      name: minority ? minorityName(random) : commonName(random),
      sex,
      ethnicity: permit ? '' : minority ? random.pick(words.MINORITIES) : random.pick(words.ETHNICITIES),
      birth,
      address: address(city, district, random),
      number: withCheckCharacter(`${region}${numberBirth}${sequence}`),
    },
    back: { authority: `${city}公安局${district}分局`, from: validity.from, until: validity.until },
  };
}

/** Appends the GB 11643 check character to 17 digits. */
export function withCheckCharacter(digits17: string): string {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((total, weight, i) => total + weight * Number(digits17[i]), 0);
  return digits17 + '10X98765432'.charAt(sum % 11);
}

function inventValidity(scenario: Scenario, today: string, random: Random) {
  if (scenario === 'residence-permit') return validityOf(today, random, 5, random.int(18, 60), false);
  const band = BANDS[bandOf(scenario, random)];
  return validityOf(today, random, band.years, random.int(band.age[0], band.age[1]), scenario === 'expired');
}

function bandOf(scenario: Scenario, random: Random): Band {
  if (scenario === 'long-term') return 'elder';
  if (scenario === 'expired') return random.pick(['child', 'young', 'adult']);
  return random.pick(['child', 'young', 'young', 'adult', 'adult', 'adult']);
}

/** Chooses a day of issue so that today is inside the validity, or after it if `expired`. The birthday is 1–11 months before the day of issue. */
function validityOf(today: string, random: Random, years: number | undefined, ageAtIssue: number, expired: boolean) {
  const monthsOfValidity = (years ?? 15) * 12;
  const monthsBack = expired ? monthsOfValidity + random.int(2, 60) : random.int(2, Math.max(3, monthsOfValidity - 3));
  const from = monthsBefore(today, monthsBack, random.int(1, 28));
  const birth = monthsBefore(
    `${from.slice(0, 4)}-${from.slice(4, 6)}`,
    ageAtIssue * 12 + random.int(1, 11),
    random.int(1, 28),
  );
  const until = years === undefined ? LONG_TERM : `${Number(from.slice(0, 4)) + years}${from.slice(4)}`;
  return { from, until, birth };
}

function monthsBefore(date: string, months: number, day: number): string {
  const index = Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1 - months;
  return `${Math.floor(index / 12)}${String((index % 12) + 1).padStart(2, '0')}${String(day).padStart(2, '0')}`;
}

/** Another valid day of the same month, for a number that contradicts the printed birth date. */
function shiftDay(birth: string): string {
  const day = Number(birth.slice(6));
  return birth.slice(0, 6) + String(day > 14 ? day - 9 : day + 9).padStart(2, '0');
}

/** Regions 99xxxx and 00xxxx do not exist. They contain the card's number, so the first 20,000 cards of a run differ. */
function impossibleRegion(n: number): string {
  return (n % 20_000 < 10_000 ? '99' : '00') + String(n % 10_000).padStart(4, '0');
}

function sequenceFor(sex: '男' | '女', random: Random): string {
  const odd = sex === '男' ? 1 : 0;
  return String(random.int(5, 499) * 2 + odd).padStart(3, '0');
}

function commonName(random: Random): string {
  return random.pick(words.SURNAMES) + random.pick(words.GIVEN) + (random.next() < 0.7 ? random.pick(words.GIVEN) : '');
}

function minorityName(random: Random): string {
  const part = () => random.pick(words.MINORITY_FIRST) + random.pick(words.MINORITY_LAST);
  return `${part()}·${part()}`;
}

function address(city: string, district: string, random: Random): string {
  const rooms = `${random.int(1, 28)}栋${random.int(1, 4)}单元${random.int(1, 30)}0${random.int(1, 6)}室`;
  const place = random.pick(words.PROVINCES) + city + district + random.pick(words.ROADS);
  return `${place}${random.int(1, 299)}号${random.pick(words.ESTATES)}${random.next() < 0.8 ? rooms : ''}`;
}
