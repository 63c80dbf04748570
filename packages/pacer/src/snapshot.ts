/** The state of a credential for `GET /v1/quota`, the overview and the metrics. Reads only. */
import type { Look } from './answers.ts';
import type { PoolCredential } from './credential-pool.ts';
import type { Rules } from './rules.ts';
import { nextShanghaiMidnightUs, type PacingFields, spacingUs } from './state.ts';

export interface CredentialSnapshot {
  id: string;
  /** For example `baidu-idcard-enc`, if the pool names it. */
  provider?: string;
  /** Epoch milliseconds. `until` is when it may open by itself, `probeAt` when one call will be tried. */
  gate: {
    state: 'open' | 'closed';
    reason?: string;
    by?: string;
    /** The error code that caused a provider outage, for example `upstream_http_5xx`. */
    cause?: string;
    since?: number;
    until?: number;
    probeAt?: number;
    /** By Redis's clock a probe may be made now, and none is in flight. */
    probeDue?: true;
  };
  nominalQps: number;
  /** The learned rate, calls per second, margin included. */
  currentQps: number;
  marginMs: number;
  /** Permits granted today and not proven free of charge. */
  usedToday: number;
  acceptedToday: number;
  usedTotal: number;
  daily?: number;
  total?: number;
  refusedLastMinute: number;
  /** The time until the next free slot. */
  nextSlotInMs: number;
}

export function snapshotOf(credential: PoolCredential, rules: Rules, look: Look): CredentialSnapshot {
  const { fields, day, total } = look;
  return {
    id: credential.id,
    ...(credential.provider ? { provider: credential.provider } : {}),
    gate: gateOf(credential, look),
    nominalQps: credential.qps,
    currentQps: fields ? (fields.limit * 1_000_000) / spacingUs(fields, rules, look.nowUs) : credential.qps,
    marginMs: (fields?.marginUs ?? rules.initialMarginUs) / 1000,
    usedToday: day.calls,
    acceptedToday: day.accepted,
    usedTotal: total.calls,
    ...(credential.daily ? { daily: credential.daily } : {}),
    ...(credential.total ? { total: credential.total } : {}),
    refusedLastMinute: fields ? refusedLastMinute(fields, look.nowUs) : 0,
    nextSlotInMs: fields ? nextSlotInMs(fields, rules, look) : 0,
  };
}

function gateOf(credential: PoolCredential, { fields, nowUs, day, total }: Look): CredentialSnapshot['gate'] {
  if (fields && fields.gate !== '') {
    const { gate, gateBy, gateCause, gateSinceUs, gateUntilUs, gateProbeUs } = fields;
    const ended = gateProbeUs === 0 && gateUntilUs > 0 && nowUs >= gateUntilUs;
    if (!ended) {
      const until = gateUntilUs > 0 ? { until: gateUntilUs / 1000 } : {};
      const due = gateProbeUs > 0 && nowUs >= Math.max(gateProbeUs, fields.probeUntilUs);
      const probeAt =
        gateProbeUs > 0 ? { probeAt: gateProbeUs / 1000, ...(due ? { probeDue: true as const } : {}) } : {};
      const cause = gateCause ? { cause: gateCause } : {};
      return { state: 'closed', reason: gate, by: gateBy, ...cause, since: gateSinceUs / 1000, ...until, ...probeAt };
    }
  }
  if (credential.total && total.calls >= credential.total) return { state: 'closed', reason: 'total_allowance' };
  if (credential.daily && day.calls >= credential.daily) {
    return { state: 'closed', reason: 'daily_allowance', until: nextShanghaiMidnightUs(nowUs) / 1000 };
  }
  return { state: 'open' };
}

/** A sliding minute: the last whole minute counts with the share that is still inside. */
function refusedLastMinute(fields: PacingFields, nowUs: number): number {
  const minute = Math.floor(nowUs / 60_000_000);
  const share = 1 - (nowUs / 60_000_000 - minute);
  if (minute === fields.minute) return Math.round(fields.minuteRefused + fields.lastMinuteRefused * share);
  return minute === fields.minute + 1 ? Math.round(fields.minuteRefused * share) : 0;
}

function nextSlotInMs(fields: PacingFields, rules: Rules, { nowUs, lastUs, nthUs }: Look): number {
  const window = spacingUs(fields, rules, nowUs);
  const gapUs = Math.floor((window * rules.evennessPermille) / 1000 / fields.limit);
  const atUs = Math.max(nowUs, fields.holdUs, nthUs > 0 ? nthUs + window : 0, lastUs > 0 ? lastUs + gapUs : 0);
  return (atUs - nowUs) / 1000;
}
