/** The failure that the consumer sees when a side could not be recognised. */

import type { CardsealError } from '@cardseal/base/errors';
import type { Failure, Side } from '@cardseal/core/job';
import { refusalMessage } from '@cardseal/core/provider';
import { describeImageReason, type ImageReason } from '@cardseal/idcard/image';

const MESSAGES: Record<string, string> = {
  upstream_unavailable: 'The recognition service did not answer in time, again and again. Try again later.',
  worker_crashed: 'Processing was interrupted too often. Try again; if it happens again, tell the operator.',
  source_unavailable: 'The image could not be read from the bucket. Check the object and its permissions, then retry.',
  picture_missing: 'The image is no longer stored. Submit the card again.',
};

/** @param code of a refusal: `image_unusable.<reason>` contains the reason of Cardseal's own inspection. */
export function failureOf(code: string, side: Side | null, retryable: boolean): Failure {
  const [head, reason] = code.split('.') as [string, string | undefined];
  const message =
    (reason ? describeImageReason(reason as ImageReason) : undefined) ??
    refusalMessage(head) ??
    MESSAGES[head] ??
    (retryable ? 'Recognition did not succeed. Try again later.' : 'The card could not be recognised.');
  return { code: reason ?? head, message, side, retryable };
}

/** For an error that ended the attempts of a side. */
export function failureFrom(error: CardsealError, side: Side): Failure {
  return failureOf(error.code, side, isRetryable(error));
}

function isRetryable({ disposition, code }: CardsealError): boolean {
  if (code === 'source_unavailable') return true;
  return disposition !== 'rejected' && code !== 'picture_missing';
}
