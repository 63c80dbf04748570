/**
 * When a delivery is tried again, and what its failure means for the endpoint. Pure arithmetic: time and chance are
 * arguments. It must never shorten a delay, and never give a try to a target that the guard refused.
 */
import { DefectError } from '@cardseal/base/errors';
import { CONSEQUENCES, type FailureClass } from './classify-response.ts';
import { MAX_RETRY_AFTER_MS } from './retry-after.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * Delay before each attempt, counted from the end of the previous attempt. Not from the first one: after a hold or a pause
 * several moments of a fixed timetable would lie in the past, and the endpoint would be hit by them at once.
 */
export const ATTEMPT_DELAYS_MS: readonly number[] = [
  0,
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/** Tries a delivery has while its receiver answers 4xx: a bad deployment gets about 7.6 h, a wrong URL no more. */
export const SHORT_BUDGET = 6;

/** Added, never taken away: a delay of d becomes d … 1.2 d, so that an outage's deliveries come back spread out. */
export const JITTER_RATIO = 0.2;

export interface DeliveryFailure {
  class: FailureClass;
  /** As the receiver asked on 429 or 503. */
  retryAfterMs?: number | undefined;
}

export interface NextAttemptInput {
  /** Tries made, this one included: at least 1. */
  triesMade: number;
  failure: DeliveryFailure;
  nowMs: number;
  /** In [0, 1). */
  random: number;
}

/** `parked`: the endpoint is disabled, the delivery waits for a person. `exhausted`: undelivered, may be resent. */
export type NextAttempt = { kind: 'retry'; atMs: number } | { kind: 'exhausted' } | { kind: 'parked' };

/** What becomes of a delivery after a failed try. */
export function nextAttempt({ triesMade, failure, nowMs, random }: NextAttemptInput): NextAttempt {
  if (!Number.isSafeInteger(triesMade) || triesMade < 1) throw new DefectError('webhook_tries_made');
  const { budget } = CONSEQUENCES[failure.class];
  if (budget === 'parked') return { kind: 'parked' };
  const tries = { full: ATTEMPT_DELAYS_MS.length, short: SHORT_BUDGET, none: 0 }[budget];
  const delayMs = ATTEMPT_DELAYS_MS[triesMade];
  if (delayMs === undefined || triesMade >= tries) return { kind: 'exhausted' };
  const baseMs = Math.max(delayMs, heldForMs(failure));
  return { kind: 'retry', atMs: nowMs + Math.round(baseMs * (1 + JITTER_RATIO * random)) };
}

/** `hold`: no try to this endpoint before `untilMs`, and none is spent. `throttle`: halve its cap. */
export type EndpointEffect = { kind: 'none' | 'throttle' | 'disable' } | { kind: 'hold'; untilMs: number };

/** The effect of a failed attempt on other deliveries to the same endpoint. */
export function endpointEffect(failure: DeliveryFailure, nowMs: number): EndpointEffect {
  const ms = heldForMs(failure);
  if (ms > 0) return { kind: 'hold', untilMs: nowMs + ms };
  return { kind: CONSEQUENCES[failure.class].endpoint };
}

function heldForMs({ class: failed, retryAfterMs = 0 }: DeliveryFailure): number {
  return failed === 'throttling' ? Math.min(Math.max(0, retryAfterMs), MAX_RETRY_AFTER_MS) : 0;
}
