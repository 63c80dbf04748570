/**
 * The circuit breaker of one credential: a run of provider problems closes the gate with the reason `provider_outage`,
 * and probe calls at growing intervals decide when it opens. It measures the provider, never one image: see
 * `isOutage`. Pure. `lua/includes/breaker.lua` computes the same.
 */
import { close, endProbe, MACHINE } from './gate.ts';
import type { Rules } from './rules.ts';
import { type PacingState, PROVIDER_OUTAGE } from './state.ts';

/** A failed call, or a failed preparation of one, that may mean that the provider is away. */
export interface Trouble {
  /**
   * `provider`: no image can cause it (transport, HTTP 5xx, non-JSON body, key wrapper). `image`: an image may cause it
   * (a transient code, an undecryptable response), so that one image alone proves nothing.
   */
  scope: 'provider' | 'image';
  /** A stable code, such as `upstream_http_5xx`. */
  cause: string;
  /** Identifies the image; no image can be computed from it. */
  image: string;
}

export interface TroubleVerdict {
  /** The gate is closed, or the call started before it opened: the failure spends no attempt of its job. */
  held: boolean;
  /** Names the run of problems that this one belongs to; 0 for none. */
  run: number;
  opened: boolean;
}

/**
 * @param slotUs when the failed call was due. A call from before the last opening says nothing about the provider now.
 * @param probed whether the call was the probe of the closed gate.
 * @param jitterPermille 0–999, spreads probes.
 */
export function onTrouble(
  state: PacingState,
  rules: Rules,
  input: { nowUs: number; slotUs: number; trouble: Trouble; probed: boolean; jitterPermille: number },
): TroubleVerdict {
  const { nowUs, slotUs, trouble, probed, jitterPermille } = input;
  if (state.gate !== '') {
    // Also for a gate that is closed for another reason: a provider may be away while a quota is used up, and its
    // probe must spend no attempt.
    if (probed) probeFailed(state, rules, nowUs, jitterPermille);
    return { held: true, run: state.gate === PROVIDER_OUTAGE ? state.outageRun : 0, opened: false };
  }
  if (slotUs <= state.openedAtUs) return { held: state.outageRun > 0, run: state.outageRun, opened: false };
  countTrouble(state, nowUs, trouble);
  if (!isOutage(state, rules)) return { held: false, run: state.troubleRun, opened: false };
  close(state, rules, nowUs, PROVIDER_OUTAGE, 0, MACHINE);
  state.gateCause = trouble.cause;
  state.outageRun = state.troubleRun;
  state.outageRuns = [state.outageRun, ...runsOf(state)].slice(0, KNOWN_RUNS).join(' ');
  scheduleProbe(state, rules, nowUs, jitterPermille);
  return { held: true, run: state.outageRun, opened: true };
}

/** More runs than a flapping provider can start while a job waits for its next attempt. */
const KNOWN_RUNS = 50;

/** The runs of problems that became outages, newest first. */
export function runsOf({ outageRuns = '' }: Partial<Pick<PacingState, 'outageRuns'>>): number[] {
  return outageRuns.split(' ').filter(Boolean).map(Number);
}

function countTrouble(state: PacingState, nowUs: number, { scope, image }: Trouble): void {
  if (state.troubleRow === 0) state.troubleRun = nowUs;
  state.troubleRow += 1;
  if (scope === 'provider') state.troubleWide += 1;
  if (state.troubleImages === 0) {
    state.troubleImages = 1;
    state.troubleImage = image;
  } else if (image !== state.troubleImage) {
    state.troubleImages = 2;
  }
}

/**
 * One image that always fails must never close the gate: either no image can be the cause, or two images are affected.
 */
function isOutage(state: PacingState, rules: Rules): boolean {
  if (state.troubleRow < rules.outageCalls) return false;
  return state.troubleWide >= rules.outageCalls || state.troubleImages >= 2;
}

function probeFailed(state: PacingState, rules: Rules, nowUs: number, jitterPermille: number): void {
  state.outageProbes = Math.min(rules.outageProbeUs.length - 1, state.outageProbes + 1);
  scheduleProbe(state, rules, nowUs, jitterPermille);
  endProbe(state);
}

/** 0.8–1.2 of the interval, so that several credentials of one provider do not probe together. */
function scheduleProbe(state: PacingState, rules: Rules, nowUs: number, jitterPermille: number): void {
  const intervalUs = rules.outageProbeUs[state.outageProbes]!;
  state.gateProbeUs = nowUs + Math.floor((intervalUs * (8000 + 4 * jitterPermille)) / 10_000);
}

/**
 * After an outage the rate starts at a quarter and climbs back in steps of a quarter, so that the waiting jobs do not
 * meet the provider in its first second. Call it before the gate opens.
 */
export function easeIn(state: PacingState, rules: Rules, nowUs: number): void {
  if (state.gate !== PROVIDER_OUTAGE) return;
  state.limit = Math.max(1, Math.ceil(state.limit / 4));
  state.ceiling = 0;
  state.failures = 0;
  state.step = state.limit;
  state.climbFrom = state.limit;
  state.climbAtUs = nowUs;
  state.nextClimbUs = nowUs + rules.passUs;
}
