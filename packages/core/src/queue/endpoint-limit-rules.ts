/**
 * The numbers of the endpoint concurrency limit: deliveries in flight per endpoint, how that number adapts, and when
 * an endpoint is paused. The Lua scripts get them from here.
 */

/** In flight to an endpoint without history. */
export const START_CAP = 10;
/** The upper limit for any endpoint. */
export const MAX_CAP = 50;
/** Rounds of successes for each slot above the start: an endpoint that comes back is not flooded by its backlog. */
export const SLOW_GROWTH = 10;
/** Consecutive failures after which the endpoint is only probed. The pauses between probes spend no attempt. */
export const PROBE_AFTER = 5;
export const FIRST_PAUSE_MS = 1_000;
export const LONGEST_PAUSE_MS = 60_000;
/** Longer than the slowest attempt and its bookkeeping: an older lease belongs to a worker that crashed. */
export const LEASE_MS = 90_000;
/** The state of an endpoint without deliveries is deleted after this time. */
export const FORGET_AFTER_MS = 7 * 24 * 3_600_000;

/** The result of an attempt for its endpoint. `none`: nothing was sent, or the fault was on Cardseal's side. */
export type EndpointOutcome = 'ok' | 'throttle' | 'fail' | 'none';

/**
 * The longest sleep of a waiting delivery that no other delivery promotes: a minute, plus 0.1 s per delivery ahead of
 * it, so that a long queue is not scanned again and again.
 */
export function longestWaitMs(place: number, random: number): number {
  return Math.min(60_000 + place * 100, 3_600_000) + random * 15_000;
}
