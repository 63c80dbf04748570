/**
 * The catalogue of metrics, with all labels. Tests compare docs/operate/metrics.md, the alert rules and the dashboard
 * with this list. No label holds a tenant, a job, an endpoint or anything else that grows with use.
 */

type MetricKind = 'counter' | 'gauge' | 'histogram';

export interface MetricDefinition {
  readonly kind: MetricKind;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds in seconds; histograms only. */
  readonly buckets?: readonly number[];
}

const FAST = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] as const;
const SLOW = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20] as const;

const define = <const Definitions extends Record<string, MetricDefinition>>(definitions: Definitions) => definitions;

export const METRICS = define({
  cardseal_build_info: {
    kind: 'gauge',
    help: 'Always 1; the label is the version of the running build.',
    labels: ['version'],
  },
  cardseal_http_requests_total: {
    kind: 'counter',
    help: 'Requests to which the API responded, by route pattern and status.',
    labels: ['method', 'route', 'status'],
  },
  cardseal_requests_refused_total: {
    kind: 'counter',
    help: 'Requests refused with 503 although nothing failed: the memory budget was full, or the process was stopping.',
    labels: ['reason'],
  },
  cardseal_http_request_seconds: {
    kind: 'histogram',
    help: 'Time from the first byte of a request to the last byte of its response, without requests that wait (`wait`, events).',
    labels: ['route'],
    buckets: FAST,
  },
  cardseal_body_memory_bytes: {
    kind: 'gauge',
    help: 'Memory that request bodies and their copies use.',
    labels: [],
  },
  cardseal_body_memory_limit_bytes: {
    kind: 'gauge',
    help: 'The most memory that request bodies may use. Beyond it a request gets 503 `overloaded`.',
    labels: [],
  },
  cardseal_log_lines_dropped_total: {
    kind: 'counter',
    help: 'Log lines that could not be written, because the disk was full or the reader was gone or too slow.',
    labels: [],
  },
  cardseal_step_seconds: {
    kind: 'histogram',
    help: 'Duration of one step of a job, by result: ok, or the class of its error.',
    labels: ['step', 'result'],
    buckets: [...FAST, 5, 10, 20],
  },
  cardseal_outcomes_total: {
    kind: 'counter',
    help: 'Generations that ended, by state.',
    labels: ['state'],
  },
  cardseal_permits_total: {
    kind: 'counter',
    help: 'Permits by outcome; `returned` were not used.',
    labels: ['credential', 'outcome'],
  },
  cardseal_upstream_replies_total: {
    kind: 'counter',
    help: 'HTTP requests to the provider, by the code of the response and by whether it was billed.',
    labels: ['credential', 'code', 'billed'],
  },
  cardseal_upstream_seconds: {
    kind: 'histogram',
    help: 'Time until the provider accepted a call and responded.',
    labels: ['credential'],
    buckets: SLOW,
  },
  cardseal_upstream_price_yuan: {
    kind: 'gauge',
    help: 'The configured price of one billed call; 0 when no price is configured.',
    labels: [],
  },
  cardseal_credential_rate: {
    kind: 'gauge',
    help: 'Calls per second: the configured rate and the learned rate.',
    labels: ['credential', 'of'],
  },
  cardseal_credential_margin_seconds: {
    kind: 'gauge',
    help: 'The part of each second that the pacer leaves unused against network jitter.',
    labels: ['credential'],
  },
  cardseal_credential_gate_closed: {
    kind: 'gauge',
    help: '1 while the credential may not be called, by reason.',
    labels: ['credential', 'reason'],
  },
  cardseal_deliveries_total: {
    kind: 'counter',
    help: 'Webhook attempts, by class of the response.',
    labels: ['class'],
  },
  cardseal_delivery_seconds: {
    kind: 'histogram',
    help: 'Duration of one webhook attempt, from the connection to the end of the response.',
    labels: ['class'],
    buckets: SLOW,
  },
  cardseal_own_faults_total: {
    kind: 'counter',
    help: 'Runs that a fault on our side stopped, by kind of work and code; no attempt was spent.',
    labels: ['work', 'code'],
  },
  cardseal_endpoints: {
    kind: 'gauge',
    help: 'Webhook endpoints by health; `off` counts endpoints that their owners disabled.',
    labels: ['health'],
  },
  cardseal_endpoints_unheard: {
    kind: 'gauge',
    help: 'Failing or disabled endpoints about which no other endpoint of their tenant receives the notice.',
    labels: ['health'],
  },
  cardseal_oldest_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest unfinished job, and of the oldest delivery that is due.',
    labels: ['what'],
  },
  cardseal_recent_failures: {
    kind: 'gauge',
    help: 'Jobs that failed in the last ten minutes and were not retried, by code.',
    labels: ['code'],
  },
  cardseal_queue_jobs: {
    kind: 'gauge',
    help: 'Jobs of a queue in Redis by state.',
    labels: ['queue', 'state'],
  },
  cardseal_workers: {
    kind: 'gauge',
    help: 'Workers whose last heartbeat is at most fifteen seconds old, by what they do: workers that recognise say so.',
    labels: ['work'],
  },
  cardseal_redis_up: { kind: 'gauge', help: '1 while Redis responds to this process.', labels: [] },
  cardseal_reconciled_total: {
    kind: 'counter',
    help: 'Jobs and deliveries that a scan of the markers put back into the queues.',
    labels: ['what'],
  },
  cardseal_ledger_requests_total: {
    kind: 'counter',
    help: 'Requests to the object store, by operation and result.',
    labels: ['operation', 'result'],
  },
  cardseal_ledger_request_seconds: {
    kind: 'histogram',
    help: 'Duration of requests to the object store, including their retries.',
    labels: ['operation'],
    buckets: FAST,
  },
});

export type MetricName = keyof typeof METRICS;
type NamesOf<Kind extends MetricKind> = {
  [N in MetricName]: (typeof METRICS)[N]['kind'] extends Kind ? N : never;
}[MetricName];
export type CounterName = NamesOf<'counter'>;
export type GaugeName = NamesOf<'gauge'>;
export type HistogramName = NamesOf<'histogram'>;
export type LabelsOf<Name extends MetricName> = Record<(typeof METRICS)[Name]['labels'][number], string>;
