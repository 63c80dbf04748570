// The latency of responses, from the arrival of the headers: lognormal, defined by its median and 99th percentile.

interface LatencyShape {
  p50: number;
  p99: number;
}

export interface Latency {
  /** A random latency in milliseconds. */
  drawMs(): number;
  shape(): LatencyShape;
  set(change: Partial<LatencyShape>): void;
  reset(): void;
}

const DEFAULTS: LatencyShape = { p50: 150, p99: 400 };
/** The 99th percentile of the standard normal distribution. */
const Z99 = 2.326_347_874;

export function createLatency(random: () => number): Latency {
  let shape = { ...DEFAULTS };
  return {
    drawMs() {
      if (shape.p50 <= 0) return 0;
      const sigma = Math.log(Math.max(1, shape.p99 / shape.p50)) / Z99;
      return shape.p50 * Math.exp(sigma * normal(random));
    },
    shape: () => ({ ...shape }),
    set(change) {
      shape = { ...shape, ...change };
    },
    reset() {
      shape = { ...DEFAULTS };
    },
  };
}

/** Box–Muller. */
function normal(random: () => number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}
