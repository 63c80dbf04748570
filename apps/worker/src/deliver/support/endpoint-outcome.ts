/**
 * Maps a response to its effect on the endpoint's concurrency limit. Pure. Without a response the fault was on Cardseal's
 * side and means nothing.
 */
import type { EndpointOutcome } from '@cardseal/core/queue';
import { CONSEQUENCES, endpointEffect, type SendResult } from '@cardseal/webhook';

export function endpointOutcome(
  answer: SendResult | undefined,
  nowMs: number,
): { outcome: EndpointOutcome; heldUntilMs: number } {
  if (!answer) return { outcome: 'none', heldUntilMs: 0 };
  if (answer.class === 'delivered') return { outcome: 'ok', heldUntilMs: 0 };
  const outcome = CONSEQUENCES[answer.class].endpoint === 'throttle' ? 'throttle' : 'fail';
  const effect = endpointEffect({ class: answer.class, retryAfterMs: answer.retryAfterMs }, nowMs);
  return { outcome, heldUntilMs: effect.kind === 'hold' ? effect.untilMs : 0 };
}
