/**
 * Every metric there is, with every label it may have: docs/operate/metrics.md, the rules and the dashboard are held to this
 * list. No label holds a tenant, a job, an endpoint or anything else that grows with use.
 */

type MetricKind = 'counter' | 'gauge' | 'histogram';

export interface MetricDefinition {
  readonly kind: MetricKind;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds in seconds, of histograms only. */
  readonly buckets?: readonly number[];
}

const FAST = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] as const;
const SLOW = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20] as const;

const define = <const Definitions extends Record<string, MetricDefinition>>(definitions: Definitions) => definitions;

export const METRICS = define({
  cardseal_build_info: { kind: 'gauge', help: '1, by the version of the build that runs.', labels: ['version'] },
  cardseal_http_requests_total: {
    kind: 'counter',
    help: 'Requests that the API answered, by route pattern and status.',
    labels: ['method', 'route', 'status'],
  },
  cardseal_requests_refused_total: {
    kind: 'counter',
    help: 'Requests refused with 503 although nothing failed: a full memory budget, or a process that stops.',
    labels: ['reason'],
  },
  cardseal_http_request_seconds: {
    kind: 'histogram',
    help: 'From the first byte of a request to the last byte of its answer; waiting (`wait`, events) apart.',
    labels: ['route'],
    buckets: FAST,
  },
  cardseal_body_memory_bytes: {
    kind: 'gauge',
    help: 'Memory that request bodies take, with the copies that are made of them.',
    labels: [],
  },
  cardseal_body_memory_limit_bytes: {
    kind: 'gauge',
    help: 'The most that request bodies may take; beyond it a request gets 503 `overloaded`.',
    labels: [],
  },
  cardseal_log_lines_dropped_total: {
    kind: 'counter',
    help: 'Log lines that could not be written, because the disk was full or the reader was gone or too slow.',
    labels: [],
  },
  cardseal_step_seconds: {
    kind: 'histogram',
    help: 'One step of a card, by how it ended: ok, or the class of its error.',
    labels: ['step', 'result'],
    buckets: [...FAST, 5, 10, 20],
  },
  cardseal_outcomes_total: {
    kind: 'counter',
    help: 'Generations that came to an end, by state.',
    labels: ['state'],
  },
  cardseal_permits_total: {
    kind: 'counter',
    help: 'Permits by what became of them; `returned` were not used.',
    labels: ['credential', 'outcome'],
  },
  cardseal_upstream_replies_total: {
    kind: 'counter',
    help: 'HTTP requests to the provider by the code of the answer and by whether it was billed.',
    labels: ['credential', 'code', 'billed'],
  },
  cardseal_upstream_seconds: {
    kind: 'histogram',
    help: 'Time to an accepted answer of the provider.',
    labels: ['credential'],
    buckets: SLOW,
  },
  cardseal_upstream_price_yuan: {
    kind: 'gauge',
    help: 'What one billed call costs, as configured; 0 when it is not.',
    labels: [],
  },
  cardseal_credential_rate: {
    kind: 'gauge',
    help: 'Calls per second: what is configured, and what was learned to be allowed.',
    labels: ['credential', 'of'],
  },
  cardseal_credential_margin_seconds: {
    kind: 'gauge',
    help: 'What is kept free of each second against jitter on the way.',
    labels: ['credential'],
  },
  cardseal_credential_gate_closed: {
    kind: 'gauge',
    help: '1 while the credential may not be called, by reason.',
    labels: ['credential', 'reason'],
  },
  cardseal_deliveries_total: {
    kind: 'counter',
    help: 'Tries of webhooks by class of the answer.',
    labels: ['class'],
  },
  cardseal_delivery_seconds: {
    kind: 'histogram',
    help: 'One try of a webhook, from the connection to the end of the answer.',
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
    help: 'Webhook endpoints by health; `off` are those that their owners disabled.',
    labels: ['health'],
  },
  cardseal_endpoints_unheard: {
    kind: 'gauge',
    help: 'Endpoints that fail or were given up while no other endpoint of their tenant takes the notice about it.',
    labels: ['health'],
  },
  cardseal_oldest_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest card that is not finished, and of the oldest delivery that is owed.',
    labels: ['what'],
  },
  cardseal_recent_failures: {
    kind: 'gauge',
    help: 'Cards that failed in the last ten minutes and were not tried again, by code.',
    labels: ['code'],
  },
  cardseal_queue_jobs: {
    kind: 'gauge',
    help: 'Jobs of a queue in Redis by state.',
    labels: ['queue', 'state'],
  },
  cardseal_workers: {
    kind: 'gauge',
    help: 'Workers that were heard of in the last fifteen seconds, by what they do: those that recognise say so.',
    labels: ['work'],
  },
  cardseal_redis_up: { kind: 'gauge', help: '1 while Redis answers this process.', labels: [] },
  cardseal_reconciled_total: {
    kind: 'counter',
    help: 'What a walk over the markers put back into the queues.',
    labels: ['what'],
  },
  cardseal_ledger_requests_total: {
    kind: 'counter',
    help: 'Requests to the object store by operation and by how they ended.',
    labels: ['operation', 'result'],
  },
  cardseal_ledger_request_seconds: {
    kind: 'histogram',
    help: 'Requests to the object store, retries within them included.',
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
