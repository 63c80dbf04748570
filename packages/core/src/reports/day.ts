/** Days of reports are days of Shanghai, as for the provider's quotas: UTC+8 without daylight saving time. */
const SHANGHAI_MS = 8 * 3_600_000;
const DAY_MS = 24 * 3_600_000;

/** `YYYY-MM-DD`. */
export function dayOf(ms: number): string {
  return new Date(ms + SHANGHAI_MS).toISOString().slice(0, 10);
}

/** null for an invalid day. The end is exclusive. */
export function stretchOf(day: string): { fromMs: number; toMs: number } | null {
  const startMs = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(startMs) || new Date(startMs).toISOString().slice(0, 10) !== day) return null;
  return { fromMs: startMs - SHANGHAI_MS, toMs: startMs - SHANGHAI_MS + DAY_MS };
}
