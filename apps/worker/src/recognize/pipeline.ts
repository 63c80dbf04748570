/**
 * The way of a card through recognition: fetch → encrypt → call → decrypt → save for each side, then conclude and
 * announce. Each step leaves its output in the ledger; a worker that continues after a crash skips existing output.
 */
import { asCardsealError, CardsealError, DefectError, RejectedError, ThrottledError } from '@cardseal/base/errors';
import { failpoint } from '@cardseal/core/failpoints';
import type { Failure, Side } from '@cardseal/core/job';
import { describeError } from '@cardseal/core/log';
import type { SpentAttempt } from '@cardseal/core/queue';
import { PROVIDER_OUTAGE } from '@cardseal/pacer';
import type { WorkerContext } from '../context.ts';
import { timed } from '../metrics/index.ts';
import { isLedgerAway } from './guards/write-buffer.ts';
import { recognizeSide } from './recognize-side.ts';
import { announce } from './steps/announce.ts';
import { conclude } from './steps/conclude.ts';
import { failureFrom } from './support/failure.ts';
import { openSides, type Work } from './support/work.ts';

/** The result of one run. Only `done` and `failed` have an outcome. */
export type Run =
  | { kind: 'done' }
  | { kind: 'failed'; code: string }
  /**
   * Run again later; no attempt is spent. `gate`: a credential must not be called now. `ledgerAway`: the number of
   * consecutive runs in which the ledger was away. `spared`: it would have been the last attempt.
   */
  | { kind: 'postpone'; code: string; delayMs: number; gate?: GateWait; ledgerAway?: number; spared?: true }
  /**
   * Retry after a backoff; an attempt is spent. `spent`: the credential and the run of problems that it belongs to.
   * `undecryptable`: a response could not be decrypted.
   */
  | { kind: 'retry'; code: string; spent?: SpentAttempt; undecryptable?: true };

/** The wait of a job at a closed gate, and whether its call was the probe that failed. */
interface GateWait {
  waitingFor: 'quota' | 'provider';
  probed: boolean;
}

/** What earlier runs passed on to this one. */
export interface Attempt {
  /** Whether this run takes the last attempt. */
  last: boolean;
  /** The number of runs that ended with an undecryptable response. */
  undecryptable: number;
  /** How many runs may follow the last attempt while problems of the provider have not closed every gate. */
  spare: number;
}

/** The runs that an undecryptable response may take: the second and third come after growing pauses. */
const UNDECRYPTABLE_RUNS = 3;

const CONFIGURATION_RETRY_MS = 5000;
const SPARED_RETRY_MS = 5000;

interface SideError {
  side: Side;
  error: CardsealError;
}

export async function recognize(context: WorkerContext, work: Work, attempt: Attempt): Promise<Run> {
  await failpoint('recognize.opened');
  if (!work.inventory.decided.includes(work.generation)) {
    const run = await decide(context, work, attempt);
    if (run) return run;
  }
  await failpoint('recognize.concluded');
  const outcome = await timed(context, 'announce', () => announce(context, work));
  return outcome?.state === 'failed' ? { kind: 'failed', code: outcome.code } : { kind: 'done' };
}

/** null when the generation is decided. */
async function decide(context: WorkerContext, work: Work, attempt: Attempt): Promise<Run | null> {
  // A retry was requested after the deadline, or in spite of it.
  const expiresAtMs = work.generation === 1 ? work.request.expiresAtMs : null;
  if (expiresAtMs !== null && expiresAtMs <= context.clock.now() && openSides(work).length > 0) {
    await timed(context, 'conclude', () => conclude(context, work, { state: 'expired' }));
    return null;
  }
  const errors = await recognizeSides(context, work);
  const erased = errors.find(({ error }) => error.code === 'job_erased');
  if (erased) throw erased.error;
  // The processor waits, and no attempt is spent.
  const away = errors.find(({ error }) => isLedgerAway(error));
  if (away) throw away.error;
  const again = errors.length > 0 ? comeBack(errors, attempt) : null;
  if (again) {
    await takeBackIfErased(context, work);
    return again;
  }
  const worst = errors.find(({ error }) => error.disposition !== 'transient') ?? errors[0];
  const failure = worst && terminalFailure(context, work, { ...worst, error: asTerminal(worst.error) });
  await timed(context, 'conclude', () => conclude(context, work, failure ? { failure } : {}));
  return null;
}

/** A run that ends with an outcome checks for an erasure when it announces; a run without one checks here. */
async function takeBackIfErased({ ledger }: WorkerContext, { tenant, job, written }: Work): Promise<void> {
  if (written.replies.size === 0 || !(await ledger.jobs.erasures.tombstone(tenant, job))) return;
  throw new RejectedError('job_erased', { fields: { job } });
}

async function recognizeSides(context: WorkerContext, work: Work): Promise<SideError[]> {
  const sides = openSides(work);
  const runs = await Promise.allSettled(sides.map((side) => recognizeSide(context, work, side)));
  return runs.flatMap((run, at) =>
    run.status === 'rejected' ? [{ side: sides[at]!, error: asInterrupted(work, run.reason) }] : [],
  );
}

/** An abort is no failure, whatever error it appears as. */
function asInterrupted(work: Work, reason: unknown): CardsealError {
  if (reason instanceof CardsealError) {
    // A refused credential is a problem of the pool: its gate is closed, and the job waits for another one.
    const ours = reason.fields.upstreamClass === 'configuration' && reason.disposition === 'defect';
    if (!ours) return reason;
    return new ThrottledError(reason.code, CONFIGURATION_RETRY_MS, { cause: reason, fields: reason.fields });
  }
  if (work.signal.aborted || (reason instanceof Error && reason.name === 'AbortError')) {
    return new ThrottledError('interrupted', 0, { cause: reason });
  }
  return asCardsealError(reason);
}

/** Waiting comes before retrying: it spends nothing, and the other side's reply is kept either way. */
function comeBack(errors: SideError[], attempt: Attempt): Run | null {
  const waits = errors.map(({ error }) => error).filter((error) => error instanceof ThrottledError);
  // The side whose call was the probe has more information than the one that found the gate closed.
  const throttled = waits.find(({ fields }) => fields.probe === true) ?? waits[0];
  if (throttled) {
    const { code, retryAfterMs: delayMs } = throttled;
    const gate = gateWait(throttled);
    return { kind: 'postpone', code, delayMs, ...(gate ? { gate } : {}) };
  }
  if (errors.some(({ error }) => error.disposition !== 'transient')) return null;
  const ended = errors.map(({ error }) => error).filter((error) => isLast(error, attempt));
  if (ended.length > 0) return spared(ended, attempt);
  const spent = errors.flatMap(({ error }) => spentBy(error))[0];
  const undecryptable = errors.some(({ error }) => isUndecryptable(error)) ? ({ undecryptable: true } as const) : {};
  return { kind: 'retry', code: errors[0]!.error.code, ...(spent ? { spent } : {}), ...undecryptable };
}

/**
 * A circuit breaker opens after several problems of one credential. With several credentials and few waiting jobs, a
 * job spends its attempts on all of them before any gate closes: it must not fail because of an outage that is not
 * known yet.
 */
function spared(ended: CardsealError[], { spare }: Attempt): Run | null {
  if (spare <= 0 || !ended.every(({ fields }) => fields.wide === true)) return null;
  return { kind: 'postpone', code: ended[0]!.code, delayMs: SPARED_RETRY_MS, spared: true };
}

function isLast(error: CardsealError, { undecryptable, last }: Attempt): boolean {
  return last || (isUndecryptable(error) && undecryptable + 1 >= UNDECRYPTABLE_RUNS);
}

function isUndecryptable({ fields }: CardsealError): boolean {
  return fields.upstreamClass === 'crypto';
}

function spentBy({ fields }: CardsealError): SpentAttempt[] {
  const { credential, run } = fields;
  return typeof credential === 'string' && typeof run === 'number' ? [{ credential, run }] : [];
}

/** A response that no fresh key could decrypt is Cardseal's fault: a wrong cipher suite has this effect. */
function asTerminal(error: CardsealError): CardsealError {
  if (!isUndecryptable(error)) return error;
  return new DefectError('upstream_crypto_defect', { cause: error, fields: error.fields });
}

const GATE_CLASSES: readonly unknown[] = ['daily_quota', 'total_quota', 'configuration'];

function gateWait({ code, fields }: CardsealError): GateWait | null {
  const outage = code === PROVIDER_OUTAGE || fields.reason === PROVIDER_OUTAGE;
  if (outage) return { waitingFor: 'provider', probed: fields.probe === true };
  const quota = code === 'quota_gate_closed' || GATE_CLASSES.includes(fields.upstreamClass);
  return quota ? { waitingFor: 'quota', probed: false } : null;
}

function terminalFailure({ log }: WorkerContext, work: Work, { side, error }: SideError): Failure {
  if (error.disposition === 'defect') {
    log.error('job.defect', { tenant: work.tenant, job_id: work.job, side, ...describeError(error) });
  }
  return failureFrom(error, side);
}
