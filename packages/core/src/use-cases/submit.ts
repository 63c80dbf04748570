/**
 * Writes a job to the ledger. The order of the writes is the promise: first the marker, so that the reconciler finds what
 * a crash leaves behind; last the request, because a job whose request exists is committed.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '@cardseal/base/clock';
import { RejectedError, TransientError } from '@cardseal/base/errors';
import { failpoint } from '../failpoints/index.ts';
import { createdAtMs as idTimeMs, type JobId, type JobRequest, SIDES, type Side } from '../job/index.ts';
import { assertRequestKept, type Ledger } from '../ledger/index.ts';
import type { Log } from '../log/index.ts';
import { currentTraceparent, inSpan } from '../trace/index.ts';

export interface SubmitParts {
  ledger: Pick<Ledger, 'jobs'>;
  clock: Clock;
  log: Pick<Log, 'info'>;
}

/** The content of a submission. */
export interface NewJob {
  tenant: string;
  /** The API key that submits. */
  apiKeyId: string;
  /** Bytes of the images that the submission itself brings. */
  images: Partial<Record<Side, Buffer>>;
  terms: Pick<
    JobRequest,
    'options' | 'reference' | 'metadata' | 'priority' | 'retainForS' | 'keepImages' | 'endpointIds'
  > & {
    /** Seconds from now after which the job expires; null for never. */
    expiresInS: number | null;
  };
  /** Uploads that the images came from. */
  uploads?: NonNullable<JobRequest['uploads']>;
}

export interface Submitted {
  request: JobRequest;
  /** True when an earlier submit with the same Idempotency-Key committed this job. */
  replayed: boolean;
}

/**
 * Submits one job.
 * @param own true when no other process can know the id: nothing needs to be read before the writes.
 * Throws RejectedError `job_erased`, TransientError `store_unavailable`, and DefectError when the store lost the request
 * or the key of an earlier submit.
 */
export function submitJob(
  parts: SubmitParts,
  job: JobId,
  newJob: NewJob,
  { own }: { own: boolean },
): Promise<Submitted> {
  return traced(parts, job, { ...newJob, createdAtMs: idTimeMs(job) }, { mayExist: !own, mayBeShared: !own });
}

/**
 * Submits one line of a batch. Other processes may expand the same batch, so the key of the job may be theirs.
 * @param batch `createdAtMs` of the batch, and images that a worker reads later. `fresh`: no other process can have
 * stored the job before. Throws as {@link submitJob}.
 */
export function submitLine(
  parts: SubmitParts,
  job: JobId,
  newJob: NewJob,
  batch: { createdAtMs: number; sources: NonNullable<JobRequest['sources']>; fresh: boolean },
): Promise<Submitted> {
  const { createdAtMs, sources, fresh } = batch;
  return traced(parts, job, { ...newJob, createdAtMs, sources }, { mayExist: !fresh, mayBeShared: true });
}

interface Draft extends NewJob {
  createdAtMs: number;
  sources?: NonNullable<JobRequest['sources']>;
}

interface Knowledge {
  /** An earlier submit may have committed the job. */
  mayExist: boolean;
  /** Another process may submit the same job now. Its key may be the one that counts, so the write of the key comes first. */
  mayBeShared: boolean;
}

function traced(parts: SubmitParts, job: JobId, draft: Draft, knowledge: Knowledge): Promise<Submitted> {
  // The trace of the caller's span, not of `store`: the worker continues it.
  const trace = currentTraceparent();
  return inSpan('store', { job }, () => store(parts, job, draft, knowledge, trace));
}

/**
 * A submit that takes longer may have been withdrawn by a reconciler (`reconcile/pending-submissions.ts` of the worker),
 * so it checks that its objects are still there.
 */
const SLOW_MS = 60_000;

async function store(
  { clock, ledger, log }: SubmitParts,
  job: JobId,
  draft: Draft,
  { mayExist, mayBeShared }: Knowledge,
  trace: string | undefined,
): Promise<Submitted> {
  const { tenant, images, terms } = draft;
  const existing = mayExist ? await committed(ledger, tenant, job) : null;
  if (existing) return { request: existing, replayed: true };

  const began = [clock.now(), performance.now()] as const;
  const isFirst = await ledger.jobs.markers.openSubmit(tenant, job, terms.reference);
  const { sealed, keep } = await start(ledger, tenant, job, mayBeShared);
  await failpoint('submit.marked');
  const sent = SIDES.filter((side) => images[side] !== undefined);
  await Promise.all([keep(), ...sent.map((side) => sealed.putImage(side, images[side]!))]);
  await failpoint('submit.sealed');
  const request = requestOf(job, draft, sent, clock.now(), trace);
  if (request.expiresAtMs !== null) await ledger.jobs.schedule.at(request.expiresAtMs, { tenant, job, what: 'expire' });
  if (!(await sealed.commit(request))) {
    const winner = await requestOfOther(ledger, tenant, job);
    await removeLateImages(ledger, winner, sent);
    return { request: winner, replayed: true };
  }
  await failpoint('submit.committed');
  const tookMs = Math.max(clock.now() - began[0], performance.now() - began[1]);
  if (!isFirst || tookMs > SLOW_MS) {
    const kept = { sides: sent, reference: terms.reference };
    if (!(await ledger.jobs.pendingSubmissions.stands(tenant, job, kept))) {
      throw new TransientError('store_unavailable', { fields: { tenant, job } });
    }
  }
  log.info('job.accepted', { tenant, job_id: job, count: request.sides.length });
  return { request, replayed: false };
}

function requestOf(
  job: JobId,
  { tenant, apiKeyId, terms, uploads, sources, createdAtMs }: Draft,
  sent: readonly Side[],
  nowMs: number,
  trace: string | undefined,
): JobRequest {
  const { expiresInS, ...kept } = terms;
  return {
    v: 1,
    job,
    tenant,
    nonce: randomBytes(16).toString('hex'),
    createdAtMs,
    sides: SIDES.filter((side) => sent.includes(side) || sources?.[side] !== undefined),
    ...kept,
    expiresAtMs: expiresInS === null ? null : nowMs + expiresInS * 1000,
    apiKeyId,
    ...(uploads?.length ? { uploads } : {}),
    ...(sources ? { sources } : {}),
    ...(trace ? { trace } : {}),
  };
}

/**
 * A submit that lost the race may have written its images after the worker deleted those of the finished job. The worker
 * writes the outcome before that deletion: either this read sees the outcome and deletes the images, or the worker
 * deletes them later.
 */
async function removeLateImages(
  ledger: SubmitParts['ledger'],
  { tenant, job, keepImages }: JobRequest,
  sent: readonly Side[],
): Promise<void> {
  const { decided, generation } = await ledger.jobs.inventory(tenant, job);
  if (keepImages || !decided.includes(generation)) return;
  const outcome = await (await ledger.jobs.open(tenant, job))?.outcome(generation);
  if (outcome?.state === 'succeeded' || outcome?.state === 'cancelled')
    await ledger.jobs.deleteImages(tenant, job, sent);
}

/** The request of a faster submit. None when a reconciler withdrew this submit because nothing of it moved for long. */
async function requestOfOther(ledger: SubmitParts['ledger'], tenant: string, job: JobId): Promise<JobRequest> {
  const request = await (await ledger.jobs.open(tenant, job))?.request();
  if (!request) throw new TransientError('store_unavailable', { fields: { tenant, job } });
  return request;
}

async function start(ledger: SubmitParts['ledger'], tenant: string, job: JobId, mayBeShared: boolean) {
  if (!mayBeShared) return ledger.jobs.startUnseen(tenant, job);
  return { sealed: await ledger.jobs.start(tenant, job), keep: async () => {} };
}

async function committed(ledger: SubmitParts['ledger'], tenant: string, job: JobId): Promise<JobRequest | null> {
  const inventory = await ledger.jobs.inventory(tenant, job);
  if (inventory.erased) throw new RejectedError('job_erased');
  // A job that has the outcome of another request must never get a new request.
  assertRequestKept(inventory, tenant, job);
  if (!inventory.committed) return null;
  return requestOfOther(ledger, tenant, job);
}
