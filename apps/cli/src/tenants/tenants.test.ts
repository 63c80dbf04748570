import { expect, it } from 'vitest';
import { retention } from '../support/arguments.ts';
import { merged } from './tenants.ts';

it('keeps absent limits, replaces given ones, and removes those set to `none`', () => {
  const before = { requestsPerSecond: 5, cardsPerDay: 100 };
  expect(merged(before, { requestsPerSecond: undefined, cardsPerDay: 200 })).toEqual({
    requestsPerSecond: 5,
    cardsPerDay: 200,
  });
  expect(merged(before, { requestsPerSecond: 'none', cardsPerDay: undefined })).toEqual({ cardsPerDay: 100 });
  expect(merged(undefined, { requestsPerSecond: 'none', cardsPerDay: undefined })).toEqual({});
});

it('accepts a retention time within the bounds of a request, or none', () => {
  expect([retention('none'), retention('60'), retention('31536000')]).toEqual(['none', 60, 31_536_000]);
  for (const wrong of ['59', '31536001', '1.5', '-60', 'week', '']) expect(() => retention(wrong)).toThrow(/seconds/);
});
