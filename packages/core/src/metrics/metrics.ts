/** The metrics of one process. A caller names a metric of the catalogue and all of its labels; anything else does not compile. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import build from '../../package.json' with { type: 'json' };
import { droppedLogLines } from '../log/index.ts';
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  METRICS,
  type MetricDefinition,
  type MetricName,
} from './catalogue.ts';

export interface Metrics {
  count<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, by?: number): void;
  set<Name extends GaugeName>(name: Name, labels: LabelsOf<Name>, value: number): void;
  /** Removes all label values of a gauge, before the caller sets the current ones. */
  clear(name: GaugeName): void;
  /** @param seconds in seconds, whatever unit the clock has. */
  observe<Name extends HistogramName>(name: Name, labels: LabelsOf<Name>, seconds: number): void;
  /** Runs `collect` before each scrape, for gauges that no other code sets. When it throws, its gauges keep their values. */
  beforeScrape(collect: () => Promise<void>): void;
  /** The text that Prometheus reads. */
  scrape(): Promise<{ contentType: string; text: string }>;
}

export interface MetricsOptions {
  /** Version, event loop, memory, CPU and garbage collection of the process. Off in tests that compare every line. */
  process?: boolean;
}

export function createMetrics(role: string, { process: ofProcess = true }: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ role });
  const made = new Map<MetricName, Counter | Gauge | Histogram>();
  const collectors: (() => Promise<void>)[] = [];

  function of<Kind extends Counter | Gauge | Histogram>(name: MetricName): Kind {
    const metric = made.get(name) ?? make(registry, name);
    made.set(name, metric);
    return metric as Kind;
  }

  if (ofProcess) {
    collectDefaultMetrics({ register: registry });
    of<Gauge>('cardseal_build_info').set({ version: build.version }, 1);
    collectors.push(countDroppedLines());
  }

  function countDroppedLines(): () => Promise<void> {
    let counted = 0;
    const counter = of<Counter>('cardseal_log_lines_dropped_total');
    return async () => {
      const dropped = droppedLogLines();
      counter.inc(dropped - counted);
      counted = dropped;
    };
  }
  return {
    count: (name, labels, by = 1) => of<Counter>(name).inc(labels, by),
    set: (name, labels, value) => of<Gauge>(name).set(labels, value),
    clear: (name) => of<Gauge>(name).reset(),
    observe: (name, labels, seconds) => of<Histogram>(name).observe(labels, seconds),
    beforeScrape: (collect) => void collectors.push(collect),
    async scrape() {
      await Promise.allSettled(collectors.map((collect) => collect()));
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

function make(registry: Registry, name: MetricName): Counter | Gauge | Histogram {
  const { kind, help, labels, buckets }: MetricDefinition = METRICS[name];
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  if (kind === 'counter') return new Counter(options);
  if (kind === 'gauge') return new Gauge(options);
  return new Histogram({ ...options, ...(buckets ? { buckets: [...buckets] } : {}) });
}
