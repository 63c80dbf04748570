/**
 * The pacer without Redis: takes a state and an event, and returns the new state and the response. The Lua computes
 * the same, and a property test compares both on the same random histories. It reads no clock and no randomness.
 */
import { climb, isAccountFault, onAccepted, onRefused } from './adaptation.ts';
import { easeIn, onTrouble, type Trouble, type TroubleVerdict } from './breaker.ts';
import { close, count, endProbe, endTroubles, gateView, MACHINE, open } from './gate.ts';
import type { Rules } from './rules.ts';
import { giveBack, moveLate, nextPlace, refresh, remember, take } from './schedule.ts';
import { type CredentialRules, nextShanghaiMidnightUs, type PacingState, PROVIDER_OUTAGE } from './state.ts';

export type OutcomeKind =
  | 'accepted'
  | 'refused_qps'
  | 'daily_quota'
  | 'total_quota'
  | 'configuration'
  /** Nothing is known about the provider, or `trouble` describes it. */
  | 'failed'
  /** The provider gave a response that is no result, for example the rejection of an image. */
  | 'answered'
  | 'unsent';

export type Answer =
  | { code: 'granted'; credential: number; id: number; slotUs: number; probe: boolean; rose: boolean }
  | { code: 'wait'; slotUs: number }
  | { code: 'closed'; reason: string; nextUs: number };

export type PacingEventKind = 'rate_fell' | 'margin_rose' | 'gate_closed' | 'gate_opened';

export interface ReserveInput {
  nowUs: number;
  /** How far ahead the slot may be. */
  withinUs: number;
  run: string;
  rules: Rules;
  credentials: readonly CredentialRules[];
}

/** The earliest permit of any open credential; on a tie, of the least recently used one. Changes `pool` in place. */
export function reserve(pool: (PacingState | undefined)[], input: ReserveInput): { answer: Answer; born: number[] } {
  const { rules, nowUs } = input;
  const born: number[] = [];
  let best: { index: number; place: ReturnType<typeof nextPlace>; lastUs: number; probe: boolean } | undefined;
  let closed: { reason: string; nextUs: number } | undefined;
  for (const [index, credential] of input.credentials.entries()) {
    const state = refresh(pool[index], credential, rules, nowUs, input.run);
    pool[index] = state;
    born.push(state.bornUs);
    const gate = gateView(state, credential, nowUs);
    if (gate.verdict === 'closed') {
      if (!closed || (gate.nextUs > 0 && (closed.nextUs === 0 || gate.nextUs < closed.nextUs))) closed = gate;
      continue;
    }
    if (gate.verdict === 'open') open(state, nowUs, state.gateBy);
    const place = nextPlace(state, rules, nowUs);
    const lastUs = state.slots.at(-1)?.atUs ?? 0;
    const better = !best || place.atUs < best.place.atUs || (place.atUs === best.place.atUs && lastUs < best.lastUs);
    if (better) best = { index, place, lastUs, probe: gate.verdict === 'probe' };
  }
  if (!best) return { answer: { code: 'closed', reason: closed?.reason ?? 'none', nextUs: closed?.nextUs ?? 0 }, born };
  if (best.place.atUs > nowUs + input.withinUs) return { answer: { code: 'wait', slotUs: best.place.atUs }, born };
  const state = pool[best.index]!;
  const id = take(state, best.place);
  count(state, best.place.atUs, 'calls', 1);
  if (best.probe) {
    state.probeId = id;
    state.probeUntilUs = best.place.atUs + rules.probeTtlUs;
  }
  const rose = !best.probe && best.place.binding && climb(state, rules, nowUs);
  const slotUs = best.place.atUs;
  return { answer: { code: 'granted', credential: best.index, id, slotUs, probe: best.probe, rose }, born };
}

export interface SettleInput {
  nowUs: number;
  id: number;
  slotUs: number;
  kind: OutcomeKind;
  /** When the call left, on Redis's clock; 0 if unknown or already reported. */
  sentUs: number;
  rules: Rules;
  /** Only with `failed`, or with `unsent` if the preparation of the call failed. */
  trouble?: Trouble;
  jitterPermille?: number;
}

export interface Settled {
  verdict: Pick<TroubleVerdict, 'held' | 'run'>;
  events: PacingEventKind[];
}

const NO_VERDICT = { held: false, run: 0 } as const;

/** Records the outcome of a permit. A state that Redis lost stays unchanged. */
export function settle(state: PacingState | undefined, input: SettleInput): Settled {
  if (!state) return { verdict: NO_VERDICT, events: [] };
  const probed = state.probeId > 0 && state.probeId === input.id;
  const { trouble, jitterPermille = 0, nowUs, slotUs, rules } = input;
  const events = settlePermit(state, input);
  if (!trouble) return { verdict: NO_VERDICT, events };
  const verdict = onTrouble(state, rules, { nowUs, slotUs, trouble, probed, jitterPermille });
  return { verdict: { held: verdict.held, run: verdict.run }, events: verdict.opened ? ['gate_closed'] : events };
}

function settlePermit(state: PacingState, input: SettleInput): PacingEventKind[] {
  const { rules, nowUs, id, kind } = input;
  if (input.sentUs > 0) moveLate(state, id, input.sentUs);
  const probed = state.probeId > 0 && state.probeId === id;
  if (kind === 'unsent') {
    // The slot of a probe may be deleted by now: its preparation may take longer than slots are kept.
    if (giveBack(state, id, nowUs) || probed) count(state, input.slotUs, 'calls', -1);
    if (probed) again(state, rules, nowUs);
    return [];
  }
  if (kind === 'accepted') return accepted(state, input, probed);
  if (kind === 'failed' || kind === 'answered') {
    count(state, input.slotUs, 'failed', 1);
    if (kind === 'answered') return answered(state, input, probed);
    if (probed) again(state, rules, nowUs);
    return [];
  }
  count(state, input.slotUs, 'calls', -1);
  if (kind === 'refused_qps') return refused(state, input, probed);
  // A call from before an operator opened the gate contains no news.
  if (input.slotUs <= state.openedAtUs) return [];
  const untilUs = kind === 'daily_quota' ? nextShanghaiMidnightUs(nowUs) : 0;
  if (probed) endProbe(state);
  return close(state, rules, nowUs, kind, untilUs, MACHINE) ? ['gate_closed'] : [];
}

function accepted(state: PacingState, input: SettleInput, probed: boolean): PacingEventKind[] {
  count(state, input.slotUs, 'accepted', 1);
  onAccepted(state, input.rules);
  endTroubles(state);
  if (probed) easeIn(state, input.rules, input.nowUs);
  return probed && open(state, input.nowUs, 'probe') ? ['gate_opened'] : [];
}

/** It ends an outage. It says nothing about a quota or about rights. */
function answered(state: PacingState, { rules, nowUs }: SettleInput, probed: boolean): PacingEventKind[] {
  endTroubles(state);
  if (!probed) return [];
  if (state.gate !== PROVIDER_OUTAGE) {
    again(state, rules, nowUs);
    return [];
  }
  easeIn(state, rules, nowUs);
  return open(state, nowUs, 'probe') ? ['gate_opened'] : [];
}

function refused(state: PacingState, input: SettleInput, probed: boolean): PacingEventKind[] {
  const { rules, nowUs, id } = input;
  count(state, input.slotUs, 'refused', 1);
  tickMinute(state, nowUs);
  state.minuteRefused += 1;
  const slot = state.slots.find((candidate) => candidate.id === id);
  if (slot) remember(state.refused, slot);
  if (probed) {
    state.gateProbeUs = nowUs + (rules.probeEveryUs[state.gate] ?? rules.probeDefaultUs);
    endProbe(state);
    return [];
  }
  const marginUs = state.marginUs;
  const fell = onRefused(state, id, rules, nowUs);
  const events: PacingEventKind[] = fell ? ['rate_fell'] : state.marginUs > marginUs ? ['margin_rose'] : [];
  if (state.gate === '' && isAccountFault(state, rules, nowUs)) {
    close(state, rules, nowUs, 'account_fault', 0, MACHINE);
    events.push('gate_closed');
  }
  return events;
}

/** A probe without a result is repeated soon. */
function again(state: PacingState, rules: Rules, nowUs: number): void {
  state.gateProbeUs = nowUs + rules.probeAgainUs;
  endProbe(state);
}

function tickMinute(state: PacingState, nowUs: number): void {
  const minute = Math.floor(nowUs / 60_000_000);
  if (minute === state.minute) return;
  state.lastMinuteRefused = minute === state.minute + 1 ? state.minuteRefused : 0;
  state.minuteRefused = 0;
  state.minute = minute;
}
