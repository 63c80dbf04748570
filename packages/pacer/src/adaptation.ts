/**
 * Learns from accepted and refused calls. A refusal is a measurement: a certain number of calls in the second before
 * it were accepted, and one more was not. A single refusal means jitter and widens the margin. Several in one window,
 * or one in each of three windows, mean that the real limit is lower, and the limit falls to the accepted number.
 */
import type { Rules } from './rules.ts';
import { dropFree } from './schedule.ts';
import { type PacingState, windowUs } from './state.ts';

export function onAccepted(state: PacingState, rules: Rules): void {
  state.marginUs = Math.max(rules.minMarginUs, state.marginUs - rules.marginCreepUs);
  if (state.slow > 1) state.slow = Math.floor(state.slow / 2);
  state.refusedSinceUs = 0;
  state.refusedRow = 0;
}

/** Returns whether the rate fell. The slot of the call must already be in `refused`, if it is still known. */
export function onRefused(state: PacingState, id: number, rules: Rules, nowUs: number): boolean {
  countRefusal(state, rules, nowUs);
  const slot = state.slots.find((candidate) => candidate.id === id);
  if (!slot) return false;
  const evidence = weigh(state, slot.atUs, rules);
  // Reserved before the last fall, or just after it: part of the same burst. It only refines the measurement.
  if (state.fallAtUs > 0 && slot.atUs <= state.fallAtUs + rules.horizonUs) return sharpen(state, evidence.accepted);
  if (state.climbAtUs > 0 && slot.atUs > state.climbAtUs && nowUs < state.climbAtUs + 2 * rules.passUs) {
    return climbFailed(state, evidence.accepted, rules, nowUs);
  }
  const coarse = isCoarse(state, rules);
  const small = coarse && evidence.refused * 5 <= state.limit;
  if (evidence.refused >= 2 && !small) {
    if (inStreak(state, slot.atUs, rules)) takeBackMargin(state, coarse ? 2 : 1);
    return fall(state, evidence.accepted, Math.floor(state.limit / 2), rules, nowUs);
  }
  return loneRefusal(state, slot.atUs, rules, nowUs);
}

function countRefusal(state: PacingState, rules: Rules, nowUs: number): void {
  const quiet = nowUs - state.refusedAtUs > rules.accountFaultUs / 4;
  if (state.refusedSinceUs === 0 || quiet) {
    state.refusedSinceUs = nowUs;
    state.refusedRow = 0;
  }
  state.refusedRow += 1;
  state.refusedAtUs = nowUs;
}

/** Refusing 100 % of the calls with code 18 for minutes is typical for unclaimed quota or a lapsed verification. */
export function isAccountFault(state: PacingState, rules: Rules, nowUs: number): boolean {
  const lasted = state.refusedSinceUs > 0 && nowUs - state.refusedSinceUs >= rules.accountFaultUs;
  return lasted && state.refusedRow >= rules.accountFaultCalls;
}

function weigh(state: PacingState, atUs: number, rules: Rules): { accepted: number; refused: number } {
  const from = atUs - rules.secondUs;
  const windowFrom = atUs - windowUs(state, rules);
  const before = state.slots.filter((slot) => slot.atUs > from && slot.atUs < atUs).length;
  const refusedBefore = state.refused.filter((slot) => slot.atUs > from && slot.atUs < atUs).length;
  const refused = state.refused.filter((slot) => slot.atUs > windowFrom && slot.atUs <= atUs).length;
  return { accepted: before - refusedBefore, refused };
}

/**
 * One burst never falls below `floor`: half of the limit, or the last limit that was known to be good. A provider that
 * counts refused calls too, and then refuses all of them, must not drive the limit to 1.
 */
function fall(state: PacingState, to: number, floor: number, rules: Rules, nowUs: number): boolean {
  const from = state.limit;
  state.fallTop = from;
  state.fallFloor = Math.max(1, Math.min(from - 1, floor));
  state.fallAtUs = nowUs;
  state.climbAtUs = 0;
  state.streak = 0;
  state.step = 1;
  if (from === 1) state.slow = Math.min(8, Math.max(1, state.slow) * 2);
  state.limit = Math.max(state.fallFloor, Math.min(from - 1, to));
  state.ceiling = state.limit + 1;
  state.nextClimbUs = nowUs + retryUs(state, rules);
  dropFree(state);
  return true;
}

function sharpen(state: PacingState, accepted: number): boolean {
  const to = Math.max(state.fallFloor, accepted);
  if (to >= state.limit) return false;
  state.limit = to;
  state.ceiling = to + 1;
  return true;
}

function climbFailed(state: PacingState, accepted: number, rules: Rules, nowUs: number): boolean {
  state.failures = Math.min(rules.retryUs.length - 1, state.failures + 1);
  return fall(state, accepted, state.climbFrom, rules, nowUs);
}

/** This number of single refusals in a row is a limit, not jitter. */
const STREAK = 3;
const COARSE_STREAK = 6;

/**
 * With few calls per second one call less costs more than the widest margin, and chance produces several refusals with
 * one cause: what may be jitter gets more margin, in growing steps, before the limit changes.
 */
const isCoarse = (state: PacingState, rules: Rules): boolean => state.limit * rules.maxMarginUs <= rules.secondUs;

const inStreak = (state: PacingState, atUs: number, rules: Rules): boolean =>
  state.streak > 0 && atUs - state.loneAtUs <= 2.5 * rules.secondUs * Math.max(1, state.slow);

/** It was the limit, not jitter: the margin that the streak added is removed, or half of it where both are possible. */
function takeBackMargin(state: PacingState, parts: number): void {
  const addedUs = Math.max(0, state.marginUs - state.streakMarginUs);
  state.marginUs -= Math.floor(addedUs / parts);
}

function loneRefusal(state: PacingState, atUs: number, rules: Rules, nowUs: number): boolean {
  state.streak = inStreak(state, atUs, rules) ? state.streak + 1 : 1;
  state.loneAtUs = atUs;
  if (state.streak === 1) state.streakMarginUs = state.marginUs;
  const coarse = isCoarse(state, rules);
  if (state.streak < (coarse ? COARSE_STREAK : STREAK)) {
    const steps = coarse ? Math.min(4, 2 ** (state.streak - 1)) : 1;
    state.marginUs = Math.min(rules.maxMarginUs, state.marginUs + steps * rules.marginStepUs);
    return false;
  }
  takeBackMargin(state, 1);
  return fall(state, state.limit - 1, state.limit - 1, rules, nowUs);
}

/**
 * How long a learned limit is trusted: longer after each failed attempt, and so long that one refusal per attempt is
 * acceptable.
 */
function retryUs(state: PacingState, rules: Rules): number {
  if (wasSmallFall(state)) return rules.returnUs;
  const backoff = rules.retryUs[state.failures]!;
  if (state.limit >= state.nominal) return Math.max(backoff, Math.floor(rules.aboveNominalRetryUs / state.limit));
  return Math.max(backoff, Math.min(60 * rules.secondUs, Math.floor((200 * rules.secondUs) / state.limit)));
}

/**
 * A stall on the network looks like a slightly lower limit for one burst; a quota that was really cut falls further.
 */
const wasSmallFall = (state: PacingState): boolean =>
  state.failures === 0 && (state.fallTop - state.limit) * 5 <= state.fallTop;

/** Called when a slot was granted and the limit decided its time. Returns whether the rate rose. */
export function climb(state: PacingState, rules: Rules, nowUs: number): boolean {
  const cap = rules.probeUp ? Number.MAX_SAFE_INTEGER : state.nominal;
  if (state.limit >= cap || nowUs < state.nextClimbUs) return false;
  const passed = state.climbAtUs > 0;
  if (passed && state.limit >= state.ceiling) state.ceiling = 0;
  if (passed && state.ceiling === 0) state.step = Math.min(state.step * 2, Math.max(1, Math.floor(state.limit / 4)));
  else state.step = wasSmallFall(state) ? Math.max(1, state.fallTop - state.limit) : 1;
  if (state.ceiling === 0) state.failures = 0;
  state.climbFrom = state.limit;
  state.climbAtUs = nowUs;
  state.limit = Math.min(cap, state.limit + state.step);
  state.nextClimbUs = nowUs + rules.passUs;
  return true;
}
