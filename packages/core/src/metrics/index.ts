export { METRICS, type MetricDefinition } from './catalogue.ts';
export { createMetricsListener } from './listener.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { countStoreRequests } from './store-requests.ts';
