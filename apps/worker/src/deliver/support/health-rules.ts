/** When an endpoint changes its health. Pure. A change is announced once; holds and pauses are no change. */
import type { EndpointRecord } from '@cardseal/core/ledger';
import type { EndpointLimitState } from '@cardseal/core/queue';

/**
 * The endpoint counts as failing after this many consecutive failures over this time: a restart of the receiver is too
 * short.
 */
const FAILING_STREAK = 3;
export const FAILING_AFTER_MS = 60_000;
/** Failures only for this long disable the endpoint. */
export const DISABLE_AFTER_MS = 5 * 24 * 3_600_000;

export type HealthChange = 'recovered' | 'failing' | 'disabled' | null;

export function healthChange(
  endpoint: EndpointRecord,
  answerClass: string,
  { streak, firstFailureMs }: Pick<EndpointLimitState, 'streak' | 'firstFailureMs'>,
  nowMs: number,
): HealthChange {
  if (endpoint.state !== 'enabled') return null;
  const failing = endpoint.health?.state === 'failing' ? endpoint.health : null;
  if (answerClass === 'delivered') return failing ? 'recovered' : null;
  if (answerClass === 'gone') return 'disabled';
  if (failing) return nowMs - failing.sinceMs >= DISABLE_AFTER_MS ? 'disabled' : null;
  const lasts = firstFailureMs !== null && nowMs - firstFailureMs >= FAILING_AFTER_MS;
  return streak >= FAILING_STREAK && lasts ? 'failing' : null;
}

/** The record after the change; the same record when another process has already changed it. */
export function changed(
  endpoint: EndpointRecord,
  change: Exclude<HealthChange, null>,
  atMs: number,
  cause: { class: string; status: number | null },
) {
  const count = (endpoint.health?.change ?? 0) + 1;
  const health = {
    state: change === 'recovered' ? ('healthy' as const) : ('failing' as const),
    sinceMs: atMs,
    change: count,
    ...(change !== 'recovered' && { cause }),
  };
  if (change !== 'disabled') return { ...endpoint, health };
  const disabledBy = cause.class === 'gone' ? ('gone' as const) : ('failing' as const);
  return { ...endpoint, health, state: 'disabled' as const, disabledBy };
}
