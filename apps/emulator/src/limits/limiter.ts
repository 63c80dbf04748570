// The provider's quotas per credential: calls a second in a sliding or fixed window, a daily and a total allowance.
// Refused calls do not count.

interface Limits {
  /** null means the configured rate of the credential. */
  qps: number | null;
  window: 'fixed' | 'sliding';
  /** Calls a day in Asia/Shanghai; null for no limit. */
  daily: number | null;
  /** Calls in all; null for no limit. */
  total: number | null;
}

export type Admission = 'admitted' | 'qps' | 'daily' | 'total';

export interface Limiter {
  /** Decides about one call at `atMs` (milliseconds since 1970) and counts it if it is admitted. */
  admit(credentialId: string, atMs: number): Admission;
  limits(): Limits;
  /** Replaces the given keys. Setting `daily` or `total` restarts that allowance. */
  set(change: Partial<Limits>): void;
  reset(): void;
}

/** China Standard Time has no daylight saving. */
const SHANGHAI_OFFSET_MS = 8 * 3_600_000;
const DAY_MS = 86_400_000;
const DEFAULTS: Limits = { qps: null, window: 'sliding', daily: null, total: null };

interface Usage {
  /** Arrival times inside the last window, oldest first. */
  recent: number[];
  second: number;
  inSecond: number;
  day: number;
  today: number;
  total: number;
}

export function createLimiter(nominalQps: (credentialId: string) => number): Limiter {
  let limits = { ...DEFAULTS };
  const usages = new Map<string, Usage>();
  const usageOf = (id: string): Usage => {
    const usage = usages.get(id) ?? { recent: [], second: 0, inSecond: 0, day: 0, today: 0, total: 0 };
    usages.set(id, usage);
    return usage;
  };
  return {
    admit(credentialId, atMs) {
      const usage = usageOf(credentialId);
      turnPages(usage, atMs);
      const qps = limits.qps ?? nominalQps(credentialId);
      if (limits.window === 'sliding' ? !fitsSliding(usage, qps, atMs) : usage.inSecond >= qps) return 'qps';
      if (limits.daily !== null && usage.today >= limits.daily) return 'daily';
      if (limits.total !== null && usage.total >= limits.total) return 'total';
      usage.recent.push(atMs);
      usage.inSecond++;
      usage.today++;
      usage.total++;
      return 'admitted';
    },
    limits: () => ({ ...limits }),
    set(change) {
      limits = { ...limits, ...change };
      for (const usage of usages.values()) {
        if ('daily' in change) usage.today = 0;
        if ('total' in change) usage.total = 0;
      }
    },
    reset() {
      limits = { ...DEFAULTS };
      usages.clear();
    },
  };
}

function turnPages(usage: Usage, atMs: number): void {
  const second = Math.floor(atMs / 1000);
  const day = Math.floor((atMs + SHANGHAI_OFFSET_MS) / DAY_MS);
  if (second !== usage.second) Object.assign(usage, { second, inSecond: 0 });
  if (day !== usage.day) Object.assign(usage, { day, today: 0 });
}

/** A rate below one per second means one call in a correspondingly longer window. */
function fitsSliding(usage: Usage, qps: number, atMs: number): boolean {
  if (qps <= 0) return false;
  const windowMs = qps < 1 ? 1000 / qps : 1000;
  const keep = usage.recent.findIndex((time) => time > atMs - windowMs);
  usage.recent.splice(0, keep === -1 ? usage.recent.length : keep);
  return usage.recent.length < Math.max(1, Math.floor(qps));
}
