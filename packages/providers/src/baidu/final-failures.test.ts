import { IMAGE_REFUSALS } from '@cardseal/core/provider';
import { isFinalFailure } from '@cardseal/core/use-cases';
import { expect, it } from 'vitest';
import { PROVIDER_ERRORS, TRANSPORT_ERRORS } from './error-table.ts';

const rows = [...Object.values(PROVIDER_ERRORS), ...Object.values(TRANSPORT_ERRORS)];
/** `maybe_crypto` ends as a refusal after one repetition with a fresh key. */
const isRefusal = (upstreamClass: string) => ['rejected', 'maybe_crypto'].includes(upstreamClass);

it('uses only refusal codes that core knows as final', () => {
  const refusals = rows.filter(({ upstreamClass }) => isRefusal(upstreamClass)).map(({ code }) => code);
  expect(new Set(refusals)).toEqual(new Set(IMAGE_REFUSALS));
});

it('uses no final code for an error that passes', () => {
  for (const { upstreamClass, code } of rows)
    if (!isRefusal(upstreamClass)) expect(isFinalFailure(code), code).toBe(false);
});
