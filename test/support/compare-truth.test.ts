import type { SpecimenTruth } from '@cardseal/emulator/cards';
import { describe, expect, it } from 'vitest';
import { differencesFromTruth, truthSize } from './compare-truth.ts';

const truth: SpecimenTruth = {
  n: 1,
  scenario: 'good',
  front: '',
  back: '',
  card: { name: '样本一', valid_long_term: true },
  expect: {
    state: 'succeeded',
    verdict: 'clear',
    checks: { image_status: 'pass' },
    front: { image_status: 'normal' },
    back: { image_status: 'normal' },
  },
};
const job = () => ({
  id: 'job_1',
  state: 'succeeded',
  result: {
    card: { name: '样本一', valid_long_term: true } as Record<string, unknown>,
    verdict: 'clear',
    checks: [{ code: 'image_status', outcome: 'pass' }],
    sides: { front: { image_status: 'normal' }, back: { image_status: 'normal' } },
  },
});

describe('comparing a job with the truth', () => {
  it('finds no difference in a correct job', () => {
    expect(differencesFromTruth(job(), truth)).toEqual([]);
    expect(truthSize(truth)).toBe(7);
  });

  it.each([
    ['a wrong field', 'card.name', { card: { name: '样本二', valid_long_term: true } }],
    ['a missing field', 'card.name', { card: { valid_long_term: true } }],
    ['a field too many', 'card.sex', { card: { ...job().result.card, sex: 'male' } }],
    ['a flag of another type', 'card.valid_long_term', { card: { name: '样本一', valid_long_term: 'true' } }],
    ['a verdict', 'verdict', { verdict: 'review' }],
    ['a check that was not run', 'check.image_status', { checks: [] }],
    [
      'the worse of two sides',
      'check.image_status',
      { checks: [{ code: 'image_status', outcome: 'fail' }, ...job().result.checks] },
    ],
    ['a side', 'back.image_status', { sides: { front: { image_status: 'normal' } } }],
  ])('finds %s', (_, name, change) => {
    expect(differencesFromTruth({ ...job(), result: { ...job().result, ...change } }, truth)).toEqual([name]);
  });

  it('finds every difference in a job without a result', () => {
    expect(differencesFromTruth({ id: 'job_1', state: 'failed' }, truth)).toHaveLength(truthSize(truth));
  });
});
