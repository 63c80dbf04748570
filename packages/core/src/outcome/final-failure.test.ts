import { expect, it } from 'vitest';
import { PROVIDER_ERRORS } from '../baidu/index.ts';
import { imageReasons } from '../image/index.ts';
import { isFinalFailure } from './final-failure.ts';

it('is every refusal of an image, by the provider or by our own inspection, and an image that is gone', () => {
  const refused = Object.values(PROVIDER_ERRORS).filter(({ upstreamClass }) => upstreamClass === 'rejected');
  expect(refused.length).toBeGreaterThan(5);
  for (const { code } of refused) expect(isFinalFailure(code), code).toBe(true);
  for (const reason of imageReasons) expect(isFinalFailure(reason), reason).toBe(true);
  for (const code of ['image_format_refused', 'picture_missing']) expect(isFinalFailure(code), code).toBe(true);
});

it('is nothing that a repaired provider, store, worker or setting can change', () => {
  const others = Object.values(PROVIDER_ERRORS).filter(
    ({ upstreamClass }) => !['rejected', 'maybe_crypto'].includes(upstreamClass),
  );
  for (const { code } of others) expect(isFinalFailure(code), code).toBe(false);
  for (const code of ['worker_crashed', 'source_unavailable', 'upstream_request_invalid', '-']) {
    expect(isFinalFailure(code), code).toBe(false);
  }
});
