import { imageReasons } from '@cardseal/idcard/image';
import { expect, it } from 'vitest';
import { isFinalFailure } from './final-failure.ts';

it('covers every refusal by our own inspection, and an image that is gone', () => {
  for (const reason of imageReasons) expect(isFinalFailure(reason), reason).toBe(true);
  for (const code of ['card_not_found', 'image_format_refused', 'picture_missing']) {
    expect(isFinalFailure(code), code).toBe(true);
  }
});

it('leaves out failures that a repaired provider, store, worker or setting can change', () => {
  for (const code of ['worker_crashed', 'source_unavailable', 'upstream_request_invalid', '-']) {
    expect(isFinalFailure(code), code).toBe(false);
  }
});
