/**
 * The catalogue of log events: level, fields and description of each. A test compares docs/operate/events.md with this
 * list, and code that logs another name does not compile.
 */
import type { LogField } from './fields.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export interface EventDefinition {
  readonly level: LogLevel | readonly LogLevel[];
  readonly description: string;
  readonly fields: readonly LogField[];
}

/** The fields of `describeError`. */
const ERROR = ['code', 'class', 'cause', 'error', 'at'] as const;

const define = <const Definitions extends Record<string, EventDefinition>>(definitions: Definitions) => definitions;

export const EVENTS = define({
  'admin.action': {
    level: 'info',
    fields: ['admin', 'step', 'count', 'tenant', 'job_id', 'generation', 'endpoint_id', 'credential_id'],
    description:
      'An operator did something. `step` names the action, `count` is the number of its entry in the audit log.',
  },
  'admin.audit_failed': {
    level: 'error',
    fields: ['admin', ...ERROR],
    description: 'An entry could not be written to the audit log.',
  },
  'admin.bulk_left_out': {
    level: 'error',
    fields: ['tenant', 'job_id', ...ERROR],
    description: 'A bulk retry left out a job whose objects are damaged or lost.',
  },
  'admin.bulk_postponed': {
    level: 'warn',
    fields: ERROR,
    description: 'The admin could not advance the bulk retries. It tries again.',
  },
  'admin.failed': {
    level: 'error',
    fields: ['request_id', ...ERROR],
    description: 'An admin page responded with 500.',
  },
  'admin.job_reopened': {
    level: 'info',
    fields: ['tenant', 'job_id', 'generation'],
    description: 'An operator retried a failed job on the queues page.',
  },
  'admin.login': { level: 'info', fields: ['admin'], description: 'An operator logged in.' },
  'admin.login_refused': { level: 'warn', fields: ['request_id'], description: 'The name or the password was wrong.' },
  'admin.logout_not_kept': {
    level: 'warn',
    fields: ['admin', ...ERROR],
    description:
      'The admin could not write a logout to the ledger. The logout holds in this process until the process ends.',
  },
  'admin.started': { level: 'info', fields: ['port'], description: 'The admin accepts requests.' },
  'admin.stopped': { level: 'info', fields: [], description: 'The admin has stopped in order.' },
  'api.started': { level: 'info', fields: ['port'], description: 'The API accepts requests.' },
  'api.stopped': { level: 'info', fields: [], description: 'The API has stopped in order.' },
  'auth.keys_guessed': {
    level: 'warn',
    fields: ['count'],
    description:
      'Since the last such line, `count` requests had API keys that do not exist and that the API did not look up in the store. They got 401.',
  },
  'batch.accepted': {
    level: 'info',
    fields: ['tenant', 'count'],
    description: 'A batch of `count` jobs is in the ledger.',
  },
  'batch.ended': {
    level: 'info',
    fields: ['tenant', 'state', 'count'],
    description: 'Every line of a batch has ended.',
  },
  'batch.enqueue_postponed': {
    level: 'warn',
    fields: ERROR,
    description: 'The API could not queue lines of a batch. The reconciler queues them.',
  },
  'batch.look_failed': {
    level: 'warn',
    fields: ERROR,
    description: 'The API could not read which batches are unfinished. It tries again.',
  },
  'batch.postponed': {
    level: 'warn',
    fields: ['tenant', ...ERROR],
    description: 'Work on a batch failed. The API tries again.',
  },
  'call.refused': {
    level: 'info',
    fields: ['job_id', 'side', 'code', 'class'],
    description: 'The provider responded to a call with an error.',
  },
  'clock.corrected': {
    level: 'warn',
    fields: ['duration_ms'],
    description:
      'This clock is `duration_ms` behind Redis and the store (negative: ahead). The process uses their time.',
  },
  'credential.refused': {
    level: 'error',
    fields: ['credential_id', 'code'],
    description: 'The provider refuses a credential. Its gate is closed.',
  },
  'deliveries.enqueue_postponed': {
    level: 'warn',
    fields: ['tenant', 'job_id', ...ERROR],
    description: 'The worker could not queue deliveries. The reconciler queues them.',
  },
  'delivery.own_fault': {
    level: 'error',
    fields: ['tenant', 'job_id', 'endpoint_id', ...ERROR],
    description: 'A fault on our side stopped a delivery before it was sent. No attempt is spent.',
  },
  'delivery.release_postponed': {
    level: 'debug',
    fields: ERROR,
    description: 'The worker could not release a slot of an endpoint. It tries again.',
  },
  'delivery.resent': {
    level: 'info',
    fields: ['tenant', 'job_id', 'generation', 'endpoint_id'],
    description: 'A customer requested a delivery again.',
  },
  'delivery.tried': {
    level: 'info',
    fields: ['tenant', 'job_id', 'generation', 'endpoint_id', 'class', 'attempt', 'latency_ms', 'status'],
    description: 'The worker sent a webhook. `class` is the class of the response or of the failure.',
  },
  'endpoint.changed': {
    level: 'info',
    fields: ['tenant', 'endpoint_id', 'state'],
    description: 'An endpoint was changed.',
  },
  'endpoint.created': { level: 'info', fields: ['tenant', 'endpoint_id'], description: 'An endpoint was registered.' },
  'endpoint.deleted': { level: 'info', fields: ['tenant', 'endpoint_id'], description: 'An endpoint was removed.' },
  'endpoint.disabled': {
    level: 'warn',
    fields: ['tenant', 'endpoint_id', 'class'],
    description: 'The worker sends nothing more to an endpoint: it failed for too long, or responded with 410 Gone.',
  },
  'endpoint.enabled': {
    level: 'info',
    fields: ['tenant', 'endpoint_id'],
    description: 'A disabled endpoint was enabled.',
  },
  'endpoint.expired': {
    level: 'info',
    fields: ['tenant', 'endpoint_id'],
    description: 'An endpoint has reached the end of its `expires_in`; the worker removed its secrets and headers.',
  },
  'endpoint.failing': {
    level: 'warn',
    fields: ['tenant', 'endpoint_id', 'class'],
    description: 'An endpoint has begun to fail.',
  },
  'endpoint.recovered': {
    level: 'warn',
    fields: ['tenant', 'endpoint_id', 'class'],
    description: 'An endpoint that failed accepts events again.',
  },
  'endpoint.recovery_done': {
    level: 'info',
    fields: ['tenant', 'endpoint_id', 'count'],
    description: 'A recovery has queued `count` lost deliveries again.',
  },
  'endpoint.recovery_postponed': {
    level: 'warn',
    fields: ['tenant', 'endpoint_id', ...ERROR],
    description: 'A recovery of lost deliveries failed. It continues later.',
  },
  'endpoint.recovery_started': {
    level: 'info',
    fields: ['tenant', 'endpoint_id', 'reason'],
    description: 'A customer or an operator requested a recovery of lost deliveries.',
  },
  'endpoint.secret_rotated': {
    level: 'info',
    fields: ['tenant', 'endpoint_id'],
    description: 'An endpoint has a new secret.',
  },
  'endpoint.test_not_sent': {
    level: 'warn',
    fields: ['tenant', 'endpoint_id', ...ERROR],
    description: 'The API could not send the test event of a new endpoint.',
  },
  'endpoint.tested': {
    level: 'info',
    fields: ['tenant', 'endpoint_id', 'class', 'status'],
    description: 'The API sent a test event.',
  },
  'foundation.advice': {
    level: ['info', 'warn'],
    fields: ['code'],
    description:
      'The infrastructure does not match the recommendations. `cardseal doctor` says what to do. A warning in production.',
  },
  'gates.postponed': {
    level: 'warn',
    fields: ERROR,
    description: 'The worker could not write the states of the gates to the ledger. It tries again.',
  },
  'idempotency.not_kept': {
    level: 'warn',
    fields: ['tenant', 'request_id', ...ERROR],
    description: 'The API could not store a response for repeats of its request.',
  },
  'images.removal_postponed': {
    level: 'warn',
    fields: ['tenant', 'job_id', ...ERROR],
    description: 'The images of a finished job could not be deleted. Workers retry until they are.',
  },
  'job.accepted': {
    level: 'info',
    fields: ['tenant', 'job_id', 'count'],
    description: 'A job with `count` sides is in the ledger.',
  },
  'job.cancelled': {
    level: 'info',
    fields: ['tenant', 'job_id', 'generation'],
    description: 'A customer cancelled a job.',
  },
  'job.concluded': {
    level: 'info',
    fields: ['tenant', 'job_id', 'generation', 'state', 'code', 'duration_ms'],
    description: 'A generation has its outcome, `duration_ms` after the API accepted the job.',
  },
  'job.convicted': {
    level: 'error',
    fields: ['reason', 'attempt'],
    description:
      'A job ended its worker several times while it ran alone. The worker failed it. `reason` is its id in the queue.',
  },
  'job.defect': {
    level: 'error',
    fields: ['tenant', 'job_id', 'side', ...ERROR],
    description: 'A fault on our side failed a job.',
  },
  'job.enqueue_postponed': {
    level: 'warn',
    fields: ['tenant', 'job_id', ...ERROR],
    description: 'The API could not queue a job. The reconciler queues it.',
  },
  'job.erased': { level: 'info', fields: ['tenant', 'job_id'], description: 'A customer had a job erased.' },
  'job.erasure_incomplete': {
    level: 'warn',
    fields: ['tenant', 'job_id', ...ERROR],
    description: 'A job is erased, but not all of its objects could be deleted yet. Workers retry until they are.',
  },
  'job.postponed': {
    level: ['warn', 'error'],
    fields: ['tenant', 'job_id', ...ERROR],
    description: 'A run of a job broke off. A warning when the ledger or Redis is unavailable, otherwise an error.',
  },
  'job.retry_opened': {
    level: 'info',
    fields: ['tenant', 'job_id', 'generation'],
    description: 'A customer retried a failed job.',
  },
  'job.suspected': {
    level: 'warn',
    fields: ['reason', 'attempt'],
    description:
      'A job was active when a worker ended unexpectedly. It now runs alone. `reason` is its id in the queue.',
  },
  'key_wrapper.exited': { level: 'info', fields: [], description: 'The key wrapper program has ended.' },
  'key_wrapper.line_too_long': {
    level: 'info',
    fields: [],
    description: 'The key wrapper program wrote a line that is too long.',
  },
  'key_wrapper.restart_in': {
    level: 'info',
    fields: [],
    description: 'The worker soon starts the key wrapper program again.',
  },
  'key_wrapper.started': { level: 'info', fields: [], description: 'The worker started the key wrapper program.' },
  'key_wrapper.stderr': {
    level: 'info',
    fields: [],
    description: 'The key wrapper program wrote to stderr; the text is dropped.',
  },
  'key_wrapper.stray_line': {
    level: 'info',
    fields: [],
    description: 'The key wrapper program wrote a line that belongs to no request.',
  },
  'log.lines_dropped': {
    level: 'warn',
    fields: ['count'],
    description:
      'The process writes log lines again. It lost `count` lines, because the disk was full or the reader too slow.',
  },
  'manifest.disagrees': {
    level: 'error',
    fields: ['tenant', 'at', 'count'],
    description: 'The daily report of `at` found `count` problems.',
  },
  'manifest.made': {
    level: 'info',
    fields: ['tenant', 'at', 'count'],
    description: 'The daily report of `at` is complete. It covers `count` jobs.',
  },
  'manifest.postponed': {
    level: 'warn',
    fields: ERROR,
    description: 'The worker could not make a daily report. It tries again.',
  },
  'metrics.listening': { level: 'info', fields: ['port'], description: 'Prometheus can scrape this port.' },
  'pacing.gate_closed': {
    level: 'error',
    fields: ['credential_id', 'reason', 'cause'],
    description:
      'No call may use this credential for now. For a provider outage, `cause` is the error code that began it.',
  },
  'pacing.gate_opened': {
    level: 'info',
    fields: ['credential_id', 'reason'],
    description: 'Calls may use this credential again.',
  },
  'pacing.margin_rose': {
    level: 'info',
    fields: ['credential_id', 'reason'],
    description: 'The provider refused a call for its rate. The pacer now leaves more of each second unused.',
  },
  'pacing.permit_expired': {
    level: 'debug',
    fields: ['credential_id', 'reason'],
    description: 'A worker did not use a permit before it expired.',
  },
  'pacing.rate_fell': {
    level: 'info',
    fields: ['credential_id', 'reason'],
    description: 'The pacer has learned a lower rate.',
  },
  'pacing.rate_rose': {
    level: 'info',
    fields: ['credential_id', 'reason'],
    description: 'The pacer tries a higher rate again.',
  },
  'pacing.settle_lost': {
    level: 'info',
    fields: ['credential_id', 'reason'],
    description: 'The worker could not write the result of a permit to Redis.',
  },
  'pacing.state_fresh': {
    level: 'info',
    fields: ['credential_id', 'reason'],
    description: 'Redis had no rate-limit state. The pacer restarts with conservative limits.',
  },
  'queue.error': {
    level: 'warn',
    fields: ['reason', ...ERROR],
    description: 'The queue `reason` has an error with Redis.',
  },
  'queue.lock_lost': {
    level: 'warn',
    fields: ['reason', 'count'],
    description: 'The worker lost `count` locks of the queue `reason` and gives up their jobs.',
  },
  'queue.stopped': { level: 'error', fields: ERROR, description: 'The worker no longer processes a queue.' },
  'recognize.attempts_given_back': {
    level: 'info',
    fields: ['tenant', 'job_id', 'count'],
    description: 'The job got back `count` attempts that it had spent on the way into a provider outage.',
  },
  'recognize.sweep_postponed': {
    level: 'warn',
    fields: ERROR,
    description:
      'While the gates are closed, the worker could not finish queued jobs that need no call. The next round tries again.',
  },
  'recognize.held': { level: 'info', fields: [], description: 'All credentials are closed. The worker takes no jobs.' },
  'recognize.released': { level: 'info', fields: [], description: 'The worker takes jobs again.' },
  'reconcile.abandoned_stuck': {
    level: 'error',
    fields: ['tenant', 'job_id', ...ERROR],
    description: 'The reconciler could not finish a job that its worker abandoned.',
  },
  'reconcile.postponed': {
    level: 'warn',
    fields: ERROR,
    description: 'A scan of the markers failed. The reconciler tries again.',
  },
  'reconcile.swept_uncommitted': {
    level: 'warn',
    fields: ['tenant', 'job_id'],
    description: 'The reconciler removed what an uncommitted submit had written.',
  },
  'reconcile.walked': {
    level: 'info',
    fields: ['count', 'duration_ms'],
    description:
      'A scan of all markers is complete. The reconciler put `count` jobs and deliveries back into the queues.',
  },
  'redis.unreachable': {
    level: 'warn',
    fields: ['host', 'cause'],
    description: 'Redis did not respond in time at the start. The app runs without it and connects when Redis is back.',
  },
  'redis.error': { level: 'debug', fields: ERROR, description: 'A connection to Redis has an error.' },
  'reply.kept': {
    level: 'warn',
    fields: ['tenant', 'job_id', ...ERROR],
    description: 'The ledger rejects the reply of a billed call. The worker keeps the reply in memory and tries again.',
  },
  'request.done': {
    level: 'debug',
    fields: ['request_id', 'method', 'route', 'status', 'latency_ms'],
    description: 'The API sent a response.',
  },
  'request.failed': {
    level: 'error',
    fields: ['request_id', 'route', ...ERROR],
    description: 'The API sent a response with 5xx.',
  },
  'retention.postponed': {
    level: 'warn',
    fields: ['tenant', 'job_id', 'reason', ...ERROR],
    description: 'The worker could not remove an object that is due for removal. It tries again.',
  },
  'retention.swept': {
    level: 'info',
    fields: ['count'],
    description: 'The worker removed `count` jobs or images that were due.',
  },
  'token.adopted': {
    level: 'info',
    fields: ['credential_id'],
    description: 'The worker uses the access token of another worker.',
  },
  'token.fetched': { level: 'info', fields: ['credential_id'], description: 'The provider gave a new access token.' },
  'token.refused': { level: 'error', fields: ['credential_id'], description: 'The provider gives no access token.' },
  'token.store_away': {
    level: 'info',
    fields: ['credential_id'],
    description: 'Workers cannot share access tokens through Redis now.',
  },
  'upload.received': {
    level: 'info',
    fields: ['tenant', 'size_bytes'],
    description: 'The API stored an uploaded image.',
  },
  'usage.postponed': {
    level: 'warn',
    fields: ['tenant', ...ERROR],
    description: 'A process could not write usage to the ledger. It tries again.',
  },
  'walk.stuck': {
    level: 'error',
    fields: ['tenant', 'job_id', ...ERROR],
    description: 'A scan could not read this item. The item stays, and the next scan tries it again.',
  },
  'worker.blocked': {
    level: 'fatal',
    fields: [],
    description:
      'The event loop of a worker was blocked for too long. The watchdog thread killed the process and wrote this line to stderr.',
  },
  'worker.gives_up': {
    level: 'error',
    fields: ['reason', 'size_bytes', 'duration_ms'],
    description:
      'A worker whose event loop is stuck or whose heap is too large drains and ends. Its supervisor starts it again.',
  },
  'worker.loop_slow': { level: 'warn', fields: ['delay_ms'], description: 'The event loop was late.' },
  'worker.started': {
    level: 'info',
    fields: ['count'],
    description: 'The worker takes jobs. It has `count` credentials.',
  },
  'worker.stopped': { level: 'info', fields: [], description: 'The worker has stopped in order.' },
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
