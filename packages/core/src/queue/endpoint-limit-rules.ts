/**
 * The numbers behind lanes: how many deliveries an endpoint has in flight, how that adapts, and when it is left alone
 * for a moment. The Lua takes them from here, so that they are told once.
 */

/** In flight to an endpoint of which nothing is known. */
export const START_CAP = 10;
/** However well it answers. */
export const MAX_CAP = 50;
/** Rounds of successes for each place above the start: a receiver that comes back is not overrun by what is owed. */
export const SLOW_GROWTH = 10;
/** Failures in a row after which it is only probed, with pauses in which no try is spent. */
export const PROBE_AFTER = 5;
export const FIRST_PAUSE_MS = 1_000;
export const LONGEST_PAUSE_MS = 60_000;
/** Longer than the slowest try and its bookkeeping: what is older died with its worker. */
export const LEASE_MS = 90_000;
/** What is known of an endpoint that nothing was sent to for so long is forgotten. */
export const FORGET_AFTER_MS = 7 * 24 * 3_600_000;

/** What a try says about its endpoint. `none`: nothing was sent, or the fault was ours. */
export type EndpointOutcome = 'ok' | 'throttle' | 'fail' | 'none';

/**
 * How long one who waits in line sleeps at most, should nobody wake it: a minute, and a tenth of a second for each one
 * before it, so that a long line is not looked through again and again.
 */
export function longestWaitMs(place: number, random: number): number {
  return Math.min(60_000 + place * 100, 3_600_000) + random * 15_000;
}
