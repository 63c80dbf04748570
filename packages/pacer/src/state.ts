/**
 * The state of one credential. This is the model's copy; in Redis the numbers are fields of one hash and the three
 * lists are sorted sets. All times are Redis's own, in whole microseconds; 0 means never or none.
 */
import type { Rules } from './rules.ts';

/** The reason of a gate that the circuit breaker closed, see `breaker.ts`. */
export const PROVIDER_OUTAGE = 'provider_outage';

export interface Slot {
  readonly id: number;
  readonly atUs: number;
}

export interface PacingFields {
  /** When this state was created: after a loss or a restart it differs, so every process notices. */
  bornUs: number;
  nominal: number;
  /** Calls allowed in one window: the learned rate. */
  limit: number;
  marginUs: number;
  /** Widens the window when even one call per second is refused. */
  slow: number;
  holdUs: number;
  sequence: number;
  /** Redis's run id: a new one means that up to a second of writes may be lost. */
  run: string;
  ceiling: number;
  climbAtUs: number;
  climbFrom: number;
  step: number;
  failures: number;
  nextClimbUs: number;
  fallAtUs: number;
  fallFloor: number;
  /** The limit before the last fall. */
  fallTop: number;
  loneAtUs: number;
  streak: number;
  /** The margin before the streak of refusals. */
  streakMarginUs: number;
  refusedSinceUs: number;
  refusedAtUs: number;
  refusedRow: number;
  minute: number;
  minuteRefused: number;
  lastMinuteRefused: number;
  gate: string;
  gateBy: string;
  /** The code that closed it; for an outage only. */
  gateCause: string;
  gateSinceUs: number;
  gateUntilUs: number;
  gateProbeUs: number;
  openedAtUs: number;
  probeId: number;
  probeUntilUs: number;
  /** Provider problems since the last response of a healthy provider; `troubleWide` of them no image can cause. */
  troubleRow: number;
  troubleWide: number;
  /** The first image of the run, and whether another image followed (2). */
  troubleImage: string;
  troubleImages: number;
  /** When the run began, which is also its name. */
  troubleRun: number;
  /** The run that closed the gate last. */
  outageRun: number;
  /** That run and earlier ones, newest first, separated by spaces: a job may run again several outages later. */
  outageRuns: string;
  /** Probes that failed while this gate was closed, up to the number of intervals. */
  outageProbes: number;
}

export interface PacingState extends PacingFields {
  /** Every reserved slot of the last seconds, oldest first. */
  slots: Slot[];
  /** Slots that were returned before their time: part of `slots`, and reused first. */
  free: Slot[];
  /** Slots whose call was refused: part of `slots`. */
  refused: Slot[];
  /** Calls that count against the daily and total allowance, by Shanghai day number or `total`. */
  usage: Record<string, Usage>;
}

export interface Usage {
  /** Permits granted and not proven free of charge: the upper bound of what was billed. */
  calls: number;
  accepted: number;
  failed: number;
  refused: number;
}

export interface CredentialRules {
  id: string;
  qps: number;
  daily: number;
  total: number;
  /** What this process last knew, used after Redis lost its data. */
  hintLimit: number;
  hintMarginUs: number;
}

const DAY_US = 86_400_000_000;
const SHANGHAI_US = 28_800_000_000;

/** Days since the epoch in Shanghai, which has no daylight saving time. */
export const shanghaiDay = (nowUs: number): number => Math.floor((nowUs + SHANGHAI_US) / DAY_US);
export const nextShanghaiMidnightUs = (nowUs: number): number => (shanghaiDay(nowUs) + 1) * DAY_US - SHANGHAI_US;

export const windowUs = (state: PacingFields, rules: Rules): number =>
  (rules.secondUs + state.marginUs) * Math.max(1, state.slow);

/** The window that a new slot keeps: wider at first, because processes that have just started are slow and uneven. */
export function spacingUs(state: PacingFields, rules: Rules, nowUs: number): number {
  const restUs = Math.max(0, state.bornUs + rules.settlingUs - nowUs);
  const extraUs = restUs > 0 ? Math.floor((rules.settlingMarginUs * restUs) / rules.settlingUs) : 0;
  return windowUs(state, rules) + extraUs * Math.max(1, state.slow);
}

/**
 * After a loss of state the worst must be assumed: a full second of calls was just made, and permits for the whole
 * horizon are granted, each of which may be used late. The next slot therefore comes after all of that.
 */
export const heldUntilUs = (state: PacingFields, rules: Rules, nowUs: number): number =>
  nowUs + rules.horizonUs + rules.permitTtlUs + windowUs(state, rules);

export function freshState(credential: CredentialRules, rules: Rules, nowUs: number, run: string): PacingState {
  const hinted = credential.hintLimit > 0;
  const limit = hinted ? credential.hintLimit : credential.qps;
  const state: PacingState = {
    bornUs: nowUs,
    nominal: credential.qps,
    limit: rules.probeUp ? limit : Math.min(limit, credential.qps),
    marginUs: hinted ? credential.hintMarginUs : rules.initialMarginUs,
    slow: 1,
    holdUs: 0,
    sequence: 0,
    run,
    ceiling: 0,
    climbAtUs: 0,
    climbFrom: 0,
    step: 1,
    failures: 0,
    nextClimbUs: nowUs + rules.retryUs[0]!,
    fallAtUs: 0,
    fallFloor: 0,
    fallTop: 0,
    loneAtUs: 0,
    streak: 0,
    streakMarginUs: 0,
    refusedSinceUs: 0,
    refusedAtUs: 0,
    refusedRow: 0,
    minute: 0,
    minuteRefused: 0,
    lastMinuteRefused: 0,
    gate: '',
    gateBy: '',
    gateCause: '',
    gateSinceUs: 0,
    gateUntilUs: 0,
    gateProbeUs: 0,
    openedAtUs: 0,
    probeId: 0,
    probeUntilUs: 0,
    troubleRow: 0,
    troubleWide: 0,
    troubleImage: '',
    troubleImages: 0,
    troubleRun: 0,
    outageRun: 0,
    outageRuns: '',
    outageProbes: 0,
    slots: [],
    free: [],
    refused: [],
    usage: {},
  };
  state.holdUs = heldUntilUs(state, rules, nowUs);
  return state;
}
