export { METRICS, type MetricDefinition, type MetricName } from './catalogue.ts';
export { createMetricsListener, type MetricsListener } from './listener.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { countStoreRequests } from './store-requests.ts';
