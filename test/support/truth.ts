/** Expects a finished job to match the truth of its specimen. */
import type { SpecimenTruth } from '@cardseal/emulator/cards';
import { expect } from 'vitest';

const GRAVITY = ['pass', 'warn', 'fail'];

interface FinishedJob {
  state: string;
  result: {
    card: object;
    verdict: string;
    checks: { code: string; outcome: string }[];
    sides: Record<'front' | 'back', { image_status: string }>;
  };
}

export function expectTruth(job: FinishedJob, truth: SpecimenTruth): void {
  const worst: Record<string, string> = {};
  for (const { code, outcome } of job.result?.checks ?? []) {
    if (GRAVITY.indexOf(outcome) >= GRAVITY.indexOf(worst[code] ?? 'pass')) worst[code] = outcome;
  }
  expect({
    n: truth.n,
    state: job.state,
    card: job.result?.card,
    verdict: job.result?.verdict,
    checks: worst,
    front: job.result?.sides.front?.image_status,
    back: job.result?.sides.back?.image_status,
  }).toEqual({
    n: truth.n,
    state: truth.expect.state,
    card: truth.card,
    verdict: truth.expect.verdict,
    checks: truth.expect.checks,
    front: truth.expect.front.image_status,
    back: truth.expect.back.image_status,
  });
}
