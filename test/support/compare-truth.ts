/** Compares a finished job with the truth of its specimen. Has no test runner, so that programs can use it. */
import { isDeepStrictEqual } from 'node:util';
import type { SpecimenTruth } from '@cardseal/emulator/cards';

const GRAVITY = ['pass', 'warn', 'fail'];

export interface FinishedJob {
  id: string;
  state: string;
  result?: {
    card: Record<string, unknown>;
    verdict: string;
    checks: { code: string; outcome: string }[];
    sides: Partial<Record<'front' | 'back', { image_status: string }>>;
  };
}

/**
 * Names of the differences: `state`, `verdict`, `card.<field>`, `check.<code>`, `<side>.image_status`. Never their
 * values.
 */
export function differencesFromTruth({ state, result }: FinishedJob, { card, expect }: SpecimenTruth): string[] {
  const seen = {
    state,
    verdict: result?.verdict,
    ...prefixed('card', result?.card ?? {}),
    ...prefixed('check', worstOutcomes(result?.checks ?? [])),
    'front.image_status': result?.sides.front?.image_status,
    'back.image_status': result?.sides.back?.image_status,
  } as Record<string, unknown>;
  const wanted = {
    state: expect.state,
    verdict: expect.verdict,
    ...prefixed('card', card),
    ...prefixed('check', expect.checks),
    'front.image_status': expect.front.image_status,
    'back.image_status': expect.back.image_status,
  } as Record<string, unknown>;
  const names = new Set([...Object.keys(seen), ...Object.keys(wanted)]);
  return [...names].filter((name) => !isDeepStrictEqual(seen[name], wanted[name])).sort();
}

/** The number of compared values of a card. */
export function truthSize({ card, expect }: SpecimenTruth): number {
  return Object.keys(card).length + Object.keys(expect.checks).length + 4;
}

function prefixed(prefix: string, values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]));
}

function worstOutcomes(checks: { code: string; outcome: string }[]): Record<string, string> {
  const worst: Record<string, string> = {};
  for (const { code, outcome } of checks) {
    if (GRAVITY.indexOf(outcome) >= GRAVITY.indexOf(worst[code] ?? 'pass')) worst[code] = outcome;
  }
  return worst;
}
