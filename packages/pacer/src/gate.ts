/**
 * Decides when a credential must not be called. A machine closes a gate and can only extend the closure. An operator,
 * or one successful probe, opens it. A probe is an ordinary call, and the only one in flight across all processes.
 */
import type { Rules } from './rules.ts';
import {
  type CredentialRules,
  nextShanghaiMidnightUs,
  type PacingState,
  PROVIDER_OUTAGE,
  shanghaiDay,
  type Usage,
} from './state.ts';

export interface GateView {
  verdict: 'open' | 'probe' | 'closed';
  reason: string;
  /** The earliest time at which something can change; 0 when only an operator can change it. */
  nextUs: number;
}

export const MACHINE = 'machine';

export function gateView(state: PacingState, credential: CredentialRules, nowUs: number): GateView {
  if (state.gate === '') return allowance(state, credential, nowUs);
  // Without a probe time an operator closed the gate: it opens at the given end, or when an operator opens it.
  if (state.gateProbeUs === 0) {
    const ended = state.gateUntilUs > 0 && nowUs >= state.gateUntilUs;
    return { verdict: ended ? 'open' : 'closed', reason: state.gate, nextUs: state.gateUntilUs };
  }
  const nextUs = Math.max(state.gateProbeUs, state.probeUntilUs);
  if (nowUs < nextUs) return { verdict: 'closed', reason: state.gate, nextUs };
  // A probe is a call that may be billed, so Cardseal's own allowance applies.
  const left = allowance(state, credential, nowUs);
  return left.verdict === 'closed' ? left : { verdict: 'probe', reason: state.gate, nextUs };
}

function allowance(state: PacingState, credential: CredentialRules, nowUs: number): GateView {
  const today = state.usage[String(shanghaiDay(nowUs))]?.calls ?? 0;
  if (credential.total > 0 && (state.usage.total?.calls ?? 0) >= credential.total) {
    return { verdict: 'closed', reason: 'total_allowance', nextUs: 0 };
  }
  if (credential.daily > 0 && today >= credential.daily) {
    return { verdict: 'closed', reason: 'daily_allowance', nextUs: nextShanghaiMidnightUs(nowUs) };
  }
  return { verdict: 'open', reason: '', nextUs: nowUs };
}

/** Returns whether the gate was open before. `untilUs` 0 means no end. */
export function close(
  state: PacingState,
  rules: Rules,
  nowUs: number,
  reason: string,
  untilUs: number,
  by: string,
): boolean {
  const machine = by === MACHINE;
  // An outage ends as soon as the provider gives another response, for example that the quota is used up.
  const wasOpen = state.gate === '' || (state.gate === PROVIDER_OUTAGE && reason !== PROVIDER_OUTAGE);
  if (machine && !wasOpen && reason === PROVIDER_OUTAGE) return false;
  if (machine && !wasOpen) {
    const blockedByPerson = state.gateProbeUs === 0;
    const longer = laterEnd(state.gateUntilUs, untilUs) !== state.gateUntilUs;
    if (blockedByPerson || (state.gate !== reason && !longer)) return false;
  }
  if (wasOpen || state.gate !== reason) state.gateSinceUs = nowUs;
  state.gateUntilUs = machine && !wasOpen ? laterEnd(state.gateUntilUs, untilUs) : untilUs;
  state.gate = reason;
  state.gateBy = by;
  state.gateCause = '';
  state.gateProbeUs = machine ? nowUs + (rules.probeEveryUs[reason] ?? rules.probeDefaultUs) : 0;
  if (machine && state.gateUntilUs > 0) state.gateProbeUs = Math.min(state.gateProbeUs, state.gateUntilUs);
  // A probe that started before an operator closed the gate must not open it.
  if (wasOpen || !machine) endProbe(state);
  if (wasOpen) state.outageProbes = 0;
  return wasOpen;
}

/**
 * Restores a gate that Redis lost, with the rights of a machine: it can extend later closures by machines and changes
 * nothing that an operator did since. Returns whether the gate was open before and is closed now.
 */
export function restore(
  state: PacingState,
  rules: Rules,
  nowUs: number,
  reason: string,
  untilUs: number,
  by: string,
  known: { cause: string; sinceUs: number } = { cause: '', sinceUs: 0 },
): boolean {
  const changed = putBack(state, rules, nowUs, reason, untilUs, by);
  if (changed && known.sinceUs > 0) state.gateSinceUs = Math.min(nowUs, known.sinceUs);
  if (changed) state.gateCause = known.cause;
  return changed;
}

function putBack(
  state: PacingState,
  rules: Rules,
  nowUs: number,
  reason: string,
  untilUs: number,
  by: string,
): boolean {
  const byPerson = by !== MACHINE;
  if (byPerson && untilUs > 0 && untilUs <= nowUs) return false;
  const openedSince = state.openedAtUs > 0 && state.openedAtUs >= state.bornUs;
  if (state.gate === '') return !openedSince && close(state, rules, nowUs, reason, untilUs, by);
  if (state.gateProbeUs === 0) return false;
  if (!byPerson || laterEnd(state.gateUntilUs, untilUs) === untilUs) {
    return close(state, rules, nowUs, reason, untilUs, by);
  }
  // The machine's closure ends later: until the operator's end not even a probe is made.
  state.gateProbeUs = Math.max(state.gateProbeUs, untilUs);
  return false;
}

export function endProbe(state: PacingState): void {
  state.probeId = 0;
  state.probeUntilUs = 0;
}

/** The later of two ends; 0 is the latest. */
const laterEnd = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : Math.max(a, b));

export function open(state: PacingState, nowUs: number, by: string): boolean {
  if (state.gate === '') return false;
  state.gate = '';
  state.gateBy = by;
  state.gateCause = '';
  state.gateSinceUs = nowUs;
  state.gateUntilUs = 0;
  state.gateProbeUs = 0;
  state.openedAtUs = nowUs;
  endProbe(state);
  state.refusedSinceUs = 0;
  state.refusedRow = 0;
  endTroubles(state);
  return true;
}

/** Every response of a healthy provider ends the run of problems, the rejection of an image included. */
export function endTroubles(state: PacingState): void {
  state.troubleRow = 0;
  state.troubleWide = 0;
  state.troubleImage = '';
  state.troubleImages = 0;
}

/**
 * An operator opens the gate. Redis may have lost the closed gate. The time of the opening is recorded even then, so
 * that `restore` does not close it again.
 */
export function openByPerson(state: PacingState, nowUs: number, by: string): boolean {
  if (open(state, nowUs, by)) return true;
  state.openedAtUs = nowUs;
  return false;
}

const NO_USAGE: Usage = { calls: 0, accepted: 0, failed: 0, refused: 0 };

/**
 * Adds to the day of the slot and to the total. `calls` never falls below zero, even when Redis lost the reservation.
 */
export function count(state: PacingState, atUs: number, field: keyof Usage, by: number): void {
  for (const day of [String(shanghaiDay(atUs)), 'total']) {
    const usage = { ...(state.usage[day] ?? NO_USAGE) };
    if (usage[field] + by < 0) continue;
    usage[field] += by;
    state.usage[day] = usage;
  }
}
