/**
 * Every event that a log line can be: its level, its fields, and what it says. docs/operate/events.md is held to this list, and
 * a name that is not on it does not compile.
 */
import type { LogField } from './fields.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export interface EventDefinition {
  readonly level: LogLevel | readonly LogLevel[];
  readonly says: string;
  readonly fields: readonly LogField[];
}

/** What `describeError` tells of an error. */
const ERROR = ['code', 'class', 'cause', 'error', 'at'] as const;

const define = <const Definitions extends Record<string, EventDefinition>>(definitions: Definitions) => definitions;

export const EVENTS = define({
  'admin.action': {
    level: 'info',
    fields: ['admin', 'step', 'count', 'tenant', 'job_id', 'generation', 'endpoint_id', 'credential_id'],
    says: 'An operator did something; `step` is what, `count` the number of its entry in the audit log.',
  },
  'admin.audit_failed': {
    level: 'error',
    fields: ['admin', ...ERROR],
    says: 'An entry could not be written to the audit log.',
  },
  'admin.bulk_left_out': {
    level: 'error',
    fields: ['tenant', 'job_id', ...ERROR],
    says: 'A bulk retry left out a job whose objects are damaged or lost.',
  },
  'admin.bulk_postponed': { level: 'warn', fields: ERROR, says: 'A look at the bulk retries failed and comes again.' },
  'admin.failed': { level: 'error', fields: ['request_id', ...ERROR], says: 'A page of the admin answered 500.' },
  'admin.job_reopened': {
    level: 'info',
    fields: ['tenant', 'job_id', 'generation'],
    says: 'An operator had a failed card tried again from the queues page.',
  },
  'admin.login': { level: 'info', fields: ['admin'], says: 'An operator logged in.' },
  'admin.login_refused': { level: 'warn', fields: ['request_id'], says: 'Name or password was wrong.' },
  'admin.logout_not_kept': {
    level: 'warn',
    fields: ['admin', ...ERROR],
    says: 'A logout could not be written to the ledger: it holds in this process, until it ends.',
  },
  'admin.started': { level: 'info', fields: ['port'], says: 'The admin answers requests.' },
  'admin.stopped': { level: 'info', fields: [], says: 'The admin has ended in order.' },
  'api.started': { level: 'info', fields: ['port'], says: 'The API answers requests.' },
  'api.stopped': { level: 'info', fields: [], says: 'The API has ended in order.' },
  'auth.keys_guessed': {
    level: 'warn',
    fields: ['count'],
    says: 'Since the last such line, `count` requests had API keys that do not exist and that the API did not look up in the store. They got 401.',
  },
  'batch.accepted': { level: 'info', fields: ['tenant', 'count'], says: 'A batch of `count` cards is in the ledger.' },
  'batch.ended': { level: 'info', fields: ['tenant', 'state', 'count'], says: 'Every line of a batch has ended.' },
  'batch.enqueue_postponed': {
    level: 'warn',
    fields: ERROR,
    says: 'Lines of a batch could not be queued; the reconciler does it.',
  },
  'batch.look_failed': {
    level: 'warn',
    fields: ERROR,
    says: 'A look for batches to go on with failed and comes again.',
  },
  'batch.postponed': {
    level: 'warn',
    fields: ['tenant', ...ERROR],
    says: 'Work on a batch failed and is tried again.',
  },
  'call.refused': {
    level: 'info',
    fields: ['job_id', 'side', 'code', 'class'],
    says: 'The provider answered a call with an error.',
  },
  'clock.corrected': {
    level: 'warn',
    fields: ['duration_ms'],
    says: 'By Redis and the store this clock is `duration_ms` behind (negative: ahead); work goes by theirs.',
  },
  'credential.refused': {
    level: 'error',
    fields: ['credential_id', 'code'],
    says: 'The provider refuses a credential: its gate is closed.',
  },
  'deliveries.enqueue_postponed': {
    level: 'warn',
    fields: ['tenant', 'job_id', ...ERROR],
    says: 'Deliveries could not be queued; the reconciler does it.',
  },
  'delivery.own_fault': {
    level: 'error',
    fields: ['tenant', 'job_id', 'endpoint_id', ...ERROR],
    says: 'A delivery failed before it was sent, by a fault of ours; no try is spent.',
  },
  'delivery.release_postponed': {
    level: 'debug',
    fields: ERROR,
    says: "A place in an endpoint's line could not be given back yet.",
  },
  'delivery.resent': {
    level: 'info',
    fields: ['tenant', 'job_id', 'generation', 'endpoint_id'],
    says: 'A customer asked for a delivery again.',
  },
  'delivery.tried': {
    level: 'info',
    fields: ['tenant', 'job_id', 'generation', 'endpoint_id', 'class', 'attempt', 'latency_ms', 'status'],
    says: 'A webhook was sent; `class` is what came of it.',
  },
  'endpoint.changed': { level: 'info', fields: ['tenant', 'endpoint_id', 'state'], says: 'An endpoint was changed.' },
  'endpoint.created': { level: 'info', fields: ['tenant', 'endpoint_id'], says: 'An endpoint was registered.' },
  'endpoint.deleted': { level: 'info', fields: ['tenant', 'endpoint_id'], says: 'An endpoint was removed.' },
  'endpoint.disabled': {
    level: 'warn',
    fields: ['tenant', 'endpoint_id', 'class'],
    says: 'An endpoint failed for so long, or said it is gone, that nothing is sent to it any more.',
  },
  'endpoint.enabled': { level: 'info', fields: ['tenant', 'endpoint_id'], says: 'A disabled endpoint was enabled.' },
  'endpoint.expired': {
    level: 'info',
    fields: ['tenant', 'endpoint_id'],
    says: 'An endpoint has reached the end of its `expires_in`; the worker removed its secrets and headers.',
  },
  'endpoint.failing': {
    level: 'warn',
    fields: ['tenant', 'endpoint_id', 'class'],
    says: 'An endpoint has begun to fail.',
  },
  'endpoint.recovered': {
    level: 'warn',
    fields: ['tenant', 'endpoint_id', 'class'],
    says: 'An endpoint that failed takes events again.',
  },
  'endpoint.recovery_done': {
    level: 'info',
    fields: ['tenant', 'endpoint_id', 'count'],
    says: 'A recovery has owed `count` deliveries again.',
  },
  'endpoint.recovery_postponed': {
    level: 'warn',
    fields: ['tenant', 'endpoint_id', ...ERROR],
    says: 'A recovery failed on its way and goes on later.',
  },
  'endpoint.recovery_started': {
    level: 'info',
    fields: ['tenant', 'endpoint_id', 'reason'],
    says: 'A recovery of lost deliveries was asked for.',
  },
  'endpoint.secret_rotated': {
    level: 'info',
    fields: ['tenant', 'endpoint_id'],
    says: 'An endpoint has a new secret.',
  },
  'endpoint.test_not_sent': {
    level: 'warn',
    fields: ['tenant', 'endpoint_id', ...ERROR],
    says: 'The test at the registration of an endpoint could not be sent.',
  },
  'endpoint.tested': {
    level: 'info',
    fields: ['tenant', 'endpoint_id', 'class', 'status'],
    says: 'A test event was sent.',
  },
  'foundation.advice': {
    level: ['info', 'warn'],
    fields: ['code'],
    says: 'What lies beneath is not as it should be; `cardseal doctor` says what to do. In production a warning.',
  },
  'gates.postponed': { level: 'warn', fields: ERROR, says: 'The gates could not be kept in the ledger this time.' },
  'idempotency.not_kept': {
    level: 'warn',
    fields: ['tenant', 'request_id', ...ERROR],
    says: 'An answer could not be kept for repeats of its request.',
  },
  'images.removal_postponed': {
    level: 'warn',
    fields: ['tenant', 'job_id', ...ERROR],
    says: 'The images of a finished job could not be deleted. Workers retry until they are.',
  },
  'job.accepted': {
    level: 'info',
    fields: ['tenant', 'job_id', 'count'],
    says: 'A card with `count` sides is in the ledger.',
  },
  'job.cancelled': { level: 'info', fields: ['tenant', 'job_id', 'generation'], says: 'A customer cancelled a card.' },
  'job.concluded': {
    level: 'info',
    fields: ['tenant', 'job_id', 'generation', 'state', 'code', 'duration_ms'],
    says: 'A generation has its outcome, `duration_ms` after the card was accepted.',
  },
  'job.convicted': {
    level: 'error',
    fields: ['reason', 'attempt'],
    says: 'A card ended its worker again and again, alone: it is failed. `reason` is its name in the queue.',
  },
  'job.defect': {
    level: 'error',
    fields: ['tenant', 'job_id', 'side', ...ERROR],
    says: 'A card failed by a fault of ours.',
  },
  'job.enqueue_postponed': {
    level: 'warn',
    fields: ['tenant', 'job_id', ...ERROR],
    says: 'A card could not be queued; the reconciler does it.',
  },
  'job.erased': { level: 'info', fields: ['tenant', 'job_id'], says: 'A customer had a card erased.' },
  'job.erasure_incomplete': {
    level: 'warn',
    fields: ['tenant', 'job_id', ...ERROR],
    says: 'A job is erased, but not all of its objects could be deleted yet. Workers retry until they are.',
  },
  'job.postponed': {
    level: ['warn', 'error'],
    fields: ['tenant', 'job_id', ...ERROR],
    says: 'A run over a card broke off: a warning when the ledger or Redis is away, an error otherwise.',
  },
  'job.retry_opened': {
    level: 'info',
    fields: ['tenant', 'job_id', 'generation'],
    says: 'A customer had a failed card tried again.',
  },
  'job.suspected': {
    level: 'warn',
    fields: ['reason', 'attempt'],
    says: 'A card was at work when a worker ended: it runs alone now.',
  },
  'key_wrapper.exited': { level: 'info', fields: [], says: 'The key wrapper program has ended.' },
  'key_wrapper.line_too_long': { level: 'info', fields: [], says: 'The key wrapper program wrote a line without end.' },
  'key_wrapper.restart_in': { level: 'info', fields: [], says: 'The key wrapper program is started again soon.' },
  'key_wrapper.started': { level: 'info', fields: [], says: 'The key wrapper program was started.' },
  'key_wrapper.stderr': {
    level: 'info',
    fields: [],
    says: 'The key wrapper program wrote to stderr; the text is dropped.',
  },
  'key_wrapper.stray_line': {
    level: 'info',
    fields: [],
    says: 'The key wrapper program wrote a line nobody asked for.',
  },
  'log.lines_dropped': {
    level: 'warn',
    fields: ['count'],
    says: 'Log lines are written again; `count` of them were lost, because the disk was full or the reader too slow.',
  },
  'manifest.disagrees': {
    level: 'error',
    fields: ['tenant', 'at', 'count'],
    says: "A day's books show `count` cards without an end; `at` is the day.",
  },
  'manifest.made': {
    level: 'info',
    fields: ['tenant', 'at', 'count'],
    says: "A day's books are closed over `count` cards; `at` is the day.",
  },
  'manifest.postponed': { level: 'warn', fields: ERROR, says: "A day's books could not be made this time." },
  'metrics.listening': { level: 'info', fields: ['port'], says: 'Prometheus can read here.' },
  'pacing.gate_closed': {
    level: 'error',
    fields: ['credential_id', 'reason', 'cause'],
    says: 'No call may use this credential for now. For a provider outage, `cause` is the error code that began it.',
  },
  'pacing.gate_opened': {
    level: 'info',
    fields: ['credential_id', 'reason'],
    says: 'A credential may be called again.',
  },
  'pacing.margin_rose': {
    level: 'info',
    fields: ['credential_id', 'reason'],
    says: 'More of each second is kept free, after a refusal for rate.',
  },
  'pacing.permit_expired': {
    level: 'debug',
    fields: ['credential_id', 'reason'],
    says: 'A permit was not used in its time and is gone.',
  },
  'pacing.rate_fell': { level: 'info', fields: ['credential_id', 'reason'], says: 'A lower rate was learned.' },
  'pacing.rate_rose': { level: 'info', fields: ['credential_id', 'reason'], says: 'The rate is tried higher again.' },
  'pacing.settle_lost': {
    level: 'info',
    fields: ['credential_id', 'reason'],
    says: 'What became of a permit could not be told to Redis.',
  },
  'pacing.state_fresh': {
    level: 'info',
    fields: ['credential_id', 'reason'],
    says: 'Redis knew nothing of the pacing: it begins with care.',
  },
  'queue.error': { level: 'warn', fields: ['reason', ...ERROR], says: 'The queue `reason` has trouble with Redis.' },
  'queue.lock_lost': {
    level: 'warn',
    fields: ['reason', 'count'],
    says: '`count` locks of the queue `reason` were lost: their work is given up here.',
  },
  'queue.stopped': { level: 'error', fields: ERROR, says: 'A queue is not worked on any more.' },
  'recognize.attempts_given_back': {
    level: 'info',
    fields: ['tenant', 'job_id', 'count'],
    says: 'The job got back `count` attempts that it had spent on the way into a provider outage.',
  },
  'recognize.sweep_postponed': {
    level: 'warn',
    fields: ERROR,
    says: 'Queued jobs that need no call could not be ended while the gates are closed; the next round tries again.',
  },
  'recognize.held': { level: 'info', fields: [], says: 'No credential may be called: no card is taken.' },
  'recognize.released': { level: 'info', fields: [], says: 'Cards are taken again.' },
  'reconcile.abandoned_stuck': {
    level: 'error',
    fields: ['tenant', 'job_id', ...ERROR],
    says: 'A card that nobody finished could not be finished now either.',
  },
  'reconcile.postponed': { level: 'warn', fields: ERROR, says: 'A walk over the markers failed and comes again.' },
  'reconcile.swept_uncommitted': {
    level: 'warn',
    fields: ['tenant', 'job_id'],
    says: 'What a submit left behind that was never committed is removed.',
  },
  'reconcile.walked': {
    level: 'info',
    fields: ['count', 'duration_ms'],
    says: 'All markers were looked at; `count` were put back into the queues.',
  },
  'redis.unreachable': {
    level: 'warn',
    fields: ['host', 'cause'],
    says: 'Redis did not answer in time at the start. The app runs without it and connects when Redis is back.',
  },
  'redis.error': { level: 'debug', fields: ERROR, says: 'A connection to Redis has trouble.' },
  'reply.kept': {
    level: 'warn',
    fields: ['tenant', 'job_id', ...ERROR],
    says: 'The ledger does not take a reply that is paid for: it waits in memory until it does.',
  },
  'request.done': {
    level: 'debug',
    fields: ['request_id', 'method', 'route', 'status', 'latency_ms'],
    says: 'The API answered a request.',
  },
  'request.failed': { level: 'error', fields: ['request_id', 'route', ...ERROR], says: 'The API answered with 5xx.' },
  'retention.postponed': {
    level: 'warn',
    fields: ['tenant', 'job_id', 'reason', ...ERROR],
    says: 'What is due for removal could not be removed this time.',
  },
  'retention.swept': { level: 'info', fields: ['count'], says: '`count` jobs or pictures were removed in time.' },
  'token.adopted': { level: 'info', fields: ['credential_id'], says: "Another worker's access token is used." },
  'token.fetched': { level: 'info', fields: ['credential_id'], says: 'The provider gave a new access token.' },
  'token.refused': { level: 'error', fields: ['credential_id'], says: 'The provider gives no access token.' },
  'token.store_away': {
    level: 'info',
    fields: ['credential_id'],
    says: 'Access tokens cannot be shared by Redis now.',
  },
  'upload.received': { level: 'info', fields: ['tenant', 'size_bytes'], says: 'A picture was uploaded.' },
  'usage.postponed': {
    level: 'warn',
    fields: ['tenant', ...ERROR],
    says: 'What was used could not be kept in the ledger this time.',
  },
  'walk.stuck': {
    level: 'error',
    fields: ['tenant', 'job_id', ...ERROR],
    says: 'Of all that a walk looked at, this one could not be read; it stays, and comes again.',
  },
  'worker.blocked': {
    level: 'fatal',
    fields: [],
    says: 'The event loop of a worker stood still: a thread beside it has killed the process, and wrote this to stderr.',
  },
  'worker.gives_up': {
    level: 'error',
    fields: ['reason', 'size_bytes', 'duration_ms'],
    says: 'A worker that is stuck or too large drains and ends, to be started again.',
  },
  'worker.loop_slow': { level: 'warn', fields: ['delay_ms'], says: 'The event loop was late.' },
  'worker.started': { level: 'info', fields: ['count'], says: 'A worker takes jobs, with `count` credentials.' },
  'worker.stopped': { level: 'info', fields: [], says: 'A worker has ended in order.' },
});

type EventName = keyof typeof EVENTS;
type LevelsOf<Name extends EventName> = (typeof EVENTS)[Name]['level'] extends infer Level
  ? Level extends readonly (infer One)[]
    ? One
    : Level
  : never;
export type EventsAt<Level extends LogLevel> = {
  [Name in EventName]: Level extends LevelsOf<Name> ? Name : never;
}[EventName];
export type FieldsOf<Name extends EventName> = (typeof EVENTS)[Name]['fields'][number];
