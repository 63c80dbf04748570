// Generates specimens: for each number a person, both images and the expected result, repeatable from a seed.
// It shares no code with the product that it tests.
import type { RawPicture } from './bmp.ts';
import { inventPerson, type Person } from './people.ts';
import { backPicture, encodePicture, frontPicture, otherPicture, type PictureFormat } from './picture.ts';
import { createRandom } from './random.ts';
import { EXPECTATIONS, type Expectation, frontIsUnreadable, SCENARIOS, type Scenario } from './scenarios.ts';

export interface SpecimenOptions {
  count: number;
  /** Default 1. */
  seed?: number;
  /** Without it, all scenarios in turn. */
  scenario?: Scenario;
  /** Default `jpeg`. */
  format?: PictureFormat;
  /** 1 (default) is 1000 × 630 pixels. */
  scale?: number;
  /** The day, as `YYYY-MM-DD`, on which the cards are valid or expired; today by default. */
  today?: string;
  /** Number of the first card; default 1. Card `n` of a seed does not depend on it. */
  first?: number;
}

/** The expected fields of the merged result. Fields that no readable side shows are absent. */
interface CardTruth {
  name?: string;
  sex?: 'male' | 'female';
  ethnicity?: string;
  birth_date?: string;
  address?: string;
  id_number?: string;
  issuing_authority?: string;
  valid_from?: string;
  valid_until?: string;
  valid_long_term?: boolean;
}

export interface SpecimenTruth {
  n: number;
  scenario: Scenario;
  /** File names that the command writes. */
  front: string;
  back: string;
  card: CardTruth;
  expect: Expectation;
}

export interface Specimen {
  n: number;
  scenario: Scenario;
  /** The file to submit as `front` (in `wrong-side` it shows the back). */
  front: Buffer;
  back: Buffer;
  truth: SpecimenTruth;
}

/** Yields `count` specimens in order. */
export async function* generateSpecimens(options: SpecimenOptions): AsyncIterable<Specimen> {
  const first = options.first ?? 1;
  for (let n = first; n < first + options.count; n++) yield await makeSpecimen(n, options);
}

async function makeSpecimen(n: number, options: SpecimenOptions): Promise<Specimen> {
  const { seed = 1, format = 'jpeg', scale = 1, today = new Date().toISOString().slice(0, 10) } = options;
  const scenario = options.scenario ?? scenarioOf(n);
  const random = createRandom(seed, n);
  const person = inventPerson(scenario, n, today, random);
  const shown: Promise<RawPicture> =
    scenario === 'not-a-card' ? otherPicture(n, random, scale) : frontPicture(person.front, scenario, n, random, scale);
  const [front, back] = await Promise.all([
    shown.then((picture) => encodePicture(picture, format)),
    backPicture(person.back, scenario, n, scale).then((picture) => encodePicture(picture, format)),
  ]);
  const truth = truthOf(n, scenario, person, format);
  return scenario === 'wrong-side'
    ? { n, scenario, front: back, back: front, truth }
    : { n, scenario, front, back, truth };
}

function scenarioOf(n: number): Scenario {
  return SCENARIOS[(n - 1) % SCENARIOS.length] ?? 'good';
}

function truthOf(n: number, scenario: Scenario, person: Person, format: PictureFormat): SpecimenTruth {
  const stem = String(n).padStart(4, '0');
  const extension = format === 'jpeg' ? 'jpg' : format;
  const frontCard = frontIsUnreadable(scenario) ? {} : frontTruth(person);
  return {
    n,
    scenario,
    front: `${stem}-front.${extension}`,
    back: `${stem}-back.${extension}`,
    card: { ...frontCard, ...backTruth(person) },
    expect: EXPECTATIONS[scenario],
  };
}

function frontTruth({ front }: Person): CardTruth {
  return {
    name: front.name,
    sex: front.sex === '男' ? 'male' : 'female',
    ...(front.ethnicity === '' ? {} : { ethnicity: front.ethnicity }),
    birth_date: isoDate(front.birth),
    address: front.address,
    id_number: front.number,
  };
}

function backTruth({ back }: Person): CardTruth {
  const validity =
    back.until === '长期' ? { valid_long_term: true } : { valid_until: isoDate(back.until), valid_long_term: false };
  return { issuing_authority: back.authority, valid_from: isoDate(back.from), ...validity };
}

function isoDate(compact: string): string {
  return `${compact.slice(0, 4)}-${compact.slice(4, 6)}-${compact.slice(6)}`;
}
