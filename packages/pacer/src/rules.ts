/**
 * The settings and constants of the rate limiter, in whole microseconds so that the model and the Lua compute with the
 * same integers. Nothing here reads the environment.
 */
import { DefectError } from '@cardseal/base/errors';

export interface PacingOptions {
  /** Refused calls ÷ all calls; the margin settles at or below this. */
  targetRefusedRatio?: number;
  /** Whether a rate above the nominal one may be tried. */
  allowProbeUp?: boolean;
  /** How late a permit may still be used after its slot. */
  permitTtlMs?: number;
  /** How long `acquire` waits by default. */
  maxWaitMs?: number;
  /** The most time between the reservation of a permit and its slot. */
  horizonMs?: number;
  /** 0.5–1: the smallest spacing as a share of the even one. Below 1, slots lost to a stall are caught up. */
  evenness?: number;
  initialMarginMs?: number;
  /**
   * Added to the margin of a new state until `settlingMs` have passed: the processes that start with it are slow too.
   */
  settlingMarginMs?: number;
  settlingMs?: number;
  minMarginMs?: number;
  maxMarginMs?: number;
  /** When every call is refused for this long, the fault is in the account and not in the rate. */
  accountFaultMs?: number;
  /** A probe without a report is given up after this time. */
  probeTtlMs?: number;
  probeEveryMs?: Partial<Record<GateReason, number>>;
  /** This number of consecutive provider problems is an outage. */
  outageCalls?: number;
  /** Pauses before the first, second, … probe of an outage; the last one repeats. */
  outageProbeMs?: readonly number[];
  /** A Redis that does not respond within this time counts as away. */
  commandTimeoutMs?: number;
}

export type GateReason =
  | 'daily_quota'
  | 'total_quota'
  | 'daily_allowance'
  | 'total_allowance'
  | 'configuration'
  | 'account_fault'
  | 'provider_outage'
  | 'operator';

export interface Rules {
  secondUs: number;
  horizonUs: number;
  permitTtlUs: number;
  keepUs: number;
  evennessPermille: number;
  initialMarginUs: number;
  settlingMarginUs: number;
  settlingUs: number;
  minMarginUs: number;
  maxMarginUs: number;
  marginStepUs: number;
  marginCreepUs: number;
  passUs: number;
  /** After a small fall: when the old limit is tried again at once. */
  returnUs: number;
  retryUs: readonly number[];
  aboveNominalRetryUs: number;
  probeUp: 0 | 1;
  accountFaultUs: number;
  accountFaultCalls: number;
  probeTtlUs: number;
  probeAgainUs: number;
  probeDefaultUs: number;
  probeEveryUs: Readonly<Record<string, number>>;
  outageCalls: number;
  outageProbeUs: readonly number[];
}

/**
 * With jitter at most 18 s: a recovered provider is noticed early enough for all waiting jobs to end within a minute.
 */
const OUTAGE_PROBE_MS = [5000, 10_000, 15_000];

const HOUR_MS = 3_600_000;
const us = (ms: number) => Math.round(ms * 1000);

/**
 * Throws `pacing_settings` when a permit could be used so late that its correction comes after the end of its window.
 */
export function rulesFrom(options: PacingOptions = {}): Rules {
  const horizonMs = options.horizonMs ?? 400;
  const permitTtlMs = options.permitTtlMs ?? 150;
  const target = options.targetRefusedRatio ?? 0.001;
  const evenness = options.evenness ?? 0.8;
  const settled = horizonMs > 0 && permitTtlMs > 0 && horizonMs + permitTtlMs <= 900;
  if (!settled || target <= 0 || target >= 0.5 || evenness < 0.5 || evenness > 1) {
    throw new DefectError('pacing_settings', { fields: { horizonMs, permitTtlMs, target, evenness } });
  }
  // The equilibrium of a stochastic quantile search: up by `step` per refusal, down by `step × ratio` per accepted
  // call. It settles at half of the target; the other half is left for probes and falls.
  const marginStepUs = 2000;
  return {
    secondUs: 1_000_000,
    horizonUs: us(horizonMs),
    permitTtlUs: us(permitTtlMs),
    keepUs: 5_000_000,
    evennessPermille: Math.round(evenness * 1000),
    initialMarginUs: us(options.initialMarginMs ?? 7),
    settlingMarginUs: us(options.settlingMarginMs ?? 80),
    settlingUs: us(options.settlingMs ?? 15_000),
    minMarginUs: us(options.minMarginMs ?? 3),
    maxMarginUs: us(options.maxMarginMs ?? 50),
    marginStepUs,
    marginCreepUs: Math.max(1, Math.round((marginStepUs * target) / 2)),
    passUs: 2_000_000,
    returnUs: 1_500_000,
    retryUs: [3_000_000, 6_000_000, 12_000_000, 24_000_000, 30_000_000],
    aboveNominalRetryUs: Math.round(2_000_000 / target),
    probeUp: options.allowProbeUp ? 1 : 0,
    accountFaultUs: us(options.accountFaultMs ?? 120_000),
    accountFaultCalls: 5,
    probeTtlUs: us(options.probeTtlMs ?? 60_000),
    probeAgainUs: 5_000_000,
    probeDefaultUs: us(HOUR_MS),
    probeEveryUs: probeIntervals(options.probeEveryMs),
    outageCalls: options.outageCalls ?? 5,
    outageProbeUs: (options.outageProbeMs ?? OUTAGE_PROBE_MS).map(us),
  };
}

function probeIntervals(given: PacingOptions['probeEveryMs'] = {}): Record<string, number> {
  return {
    daily_quota: us(given.daily_quota ?? HOUR_MS),
    total_quota: us(given.total_quota ?? HOUR_MS),
    configuration: us(given.configuration ?? HOUR_MS / 12),
    account_fault: us(given.account_fault ?? HOUR_MS / 60),
    // Only for a gate that is restored; afterwards the growing pauses apply.
    provider_outage: us(given.provider_outage ?? OUTAGE_PROBE_MS[0]!),
  };
}
