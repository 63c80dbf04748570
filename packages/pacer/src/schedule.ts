/**
 * Computes the next slot. The invariant: the N-th slot before a new one is at least a window (a second and the margin)
 * older, so that no window of one second ever contains more than N slots, wherever it starts.
 */
import type { Rules } from './rules.ts';
import { type CredentialRules, freshState, heldUntilUs, type PacingState, type Slot, spacingUs } from './state.ts';

export interface Place {
  atUs: number;
  /** The id of a returned slot that is used again, or 0. */
  reuse: number;
  /** Whether the limit decides and not the demand: only then a higher limit can be tried. */
  binding: boolean;
}

/** Updates the state to `nowUs`: first use, changed nominal rate, restarted Redis, clock set back, old slots. */
export function refresh(
  state: PacingState | undefined,
  credential: CredentialRules,
  rules: Rules,
  nowUs: number,
  run: string,
): PacingState {
  if (!state) return freshState(credential, rules, nowUs, run);
  const restarted = state.run !== run;
  const last = state.slots.at(-1)?.atUs ?? 0;
  const clockSetBack = last > nowUs + rules.horizonUs + rules.secondUs;
  if (state.nominal !== credential.qps) adoptNominal(state, credential.qps);
  if (clockSetBack) state.slots = state.free = state.refused = [];
  if (restarted || clockSetBack) {
    state.run = run;
    state.bornUs = nowUs;
    state.holdUs = heldUntilUs(state, rules, nowUs);
  }
  const passed = new Set(state.free.filter((slot) => slot.atUs < nowUs).map((slot) => slot.id));
  state.free = state.free.filter((slot) => !passed.has(slot.id));
  state.slots = state.slots.filter((slot) => !passed.has(slot.id) && slot.atUs >= nowUs - rules.keepUs);
  state.refused = state.refused.filter((slot) => slot.atUs >= nowUs - rules.keepUs);
  return state;
}

function adoptNominal(state: PacingState, qps: number): void {
  state.nominal = qps;
  state.limit = qps;
  state.slow = 1;
  state.ceiling = 0;
  state.step = 1;
  state.failures = 0;
}

export function nextPlace(state: PacingState, rules: Rules, nowUs: number): Place {
  const window = spacingUs(state, rules, nowUs);
  const nth = state.slots[state.slots.length - state.limit];
  const opensUs = nth ? nth.atUs + window : 0;
  const last = state.slots.at(-1);
  const gapUs = Math.floor((window * rules.evennessPermille) / 1000 / state.limit);
  const atUs = Math.max(nowUs, state.holdUs, opensUs, last ? last.atUs + gapUs : 0);
  const free = state.free.find((slot) => slot.atUs >= nowUs && slot.atUs <= atUs);
  return { atUs: free ? free.atUs : atUs, reuse: free ? free.id : 0, binding: opensUs > nowUs };
}

/** Stores the slot; returns its id. */
export function take(state: PacingState, place: Place): number {
  if (place.reuse > 0) {
    state.free = state.free.filter((slot) => slot.id !== place.reuse);
    return place.reuse;
  }
  state.sequence += 1;
  insert(state.slots, { id: state.sequence, atUs: place.atUs });
  return state.sequence;
}

/**
 * A call that left late moves its slot, so that its successor one window later moves too. Half of the margin covers
 * small lateness without a correction; the other half covers delays on the network, which this process cannot measure.
 */
export function moveLate(state: PacingState, id: number, sentUs: number): void {
  const slot = state.slots.find((candidate) => candidate.id === id);
  const toUs = sentUs - Math.floor(state.marginUs / 2);
  if (!slot || toUs <= slot.atUs) return;
  state.slots = state.slots.filter((candidate) => candidate.id !== id);
  insert(state.slots, { id, atUs: toUs });
}

/** An unused slot: another call can take it until its time; then it is deleted. */
export function giveBack(state: PacingState, id: number, nowUs: number): boolean {
  const slot = state.slots.find((candidate) => candidate.id === id);
  if (!slot || state.free.some((candidate) => candidate.id === id)) return false;
  if (slot.atUs > nowUs) insert(state.free, slot);
  else state.slots = state.slots.filter((candidate) => candidate.id !== id);
  return true;
}

/** Unused slots were placed under the old limit: a fall deletes them. */
export function dropFree(state: PacingState): void {
  const free = new Set(state.free.map((slot) => slot.id));
  state.slots = state.slots.filter((slot) => !free.has(slot.id));
  state.free = [];
}

/** As a sorted set does it: each id once, with its last score. */
export function remember(list: Slot[], slot: Slot): void {
  const known = list.findIndex((other) => other.id === slot.id);
  if (known >= 0) list.splice(known, 1);
  insert(list, slot);
}

/** In the order of a sorted set: by time, then by the id as text. */
function insert(list: Slot[], slot: Slot): void {
  const after = list.findLastIndex(
    (other) => other.atUs < slot.atUs || (other.atUs === slot.atUs && String(other.id) < String(slot.id)),
  );
  list.splice(after + 1, 0, slot);
}
