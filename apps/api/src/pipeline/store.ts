/**
 * Writes a job to the ledger. The order is the promise: the marker first, so that a crash leaves something to find;
 * the request last, because its existence is the commit.
 */
import { randomBytes } from 'node:crypto';
import { failpoint } from '@cardseal/core/failpoints';
import { type JobId, type JobRequest, SIDES, type Side, createdAtMs as timeOf } from '@cardseal/core/job';
import { assertRequestKept } from '@cardseal/core/ledger';
import { currentTraceparent, inSpan } from '@cardseal/core/trace';
import type { ApiContext } from '../context.ts';
import type { Caller } from '../http/auth/index.ts';
import { Problem } from '../http/problems/index.ts';
import type { Submission } from './submit/submission.ts';

export interface Stored {
  request: JobRequest;
  /** True when an earlier submit with the same Idempotency-Key committed this job. */
  replayed: boolean;
}

/**
 * @param line of a batch: its time, whether nobody can have stored it before (`fresh`) or even knows its id (`unseen`),
 * and pictures to be read later; `uploads` are what its pictures came from.
 */
export async function storeJob(
  context: ApiContext,
  caller: Caller,
  job: JobId,
  submission: Omit<Submission, 'pointers'>,
  line: Line = {},
): Promise<Stored> {
  const trace = currentTraceparent();
  return inSpan('store', { job }, () =>
    store(context, caller, job, submission, { ...line, ...(trace ? { trace } : {}) }),
  );
}

/** Who takes longer may have been taken for dead, see `reconcile/left-submits.ts` of the worker: it looks again. */
const SLOW_MS = 60_000;

interface Line {
  createdAtMs?: number;
  fresh?: boolean;
  unseen?: boolean;
  sources?: NonNullable<JobRequest['sources']>;
  uploads?: NonNullable<JobRequest['uploads']>;
}

async function store(
  { clock, ledger, log }: ApiContext,
  caller: Caller,
  job: JobId,
  { pictures, terms }: Omit<Submission, 'pointers'>,
  line: Line & Pick<JobRequest, 'trace'>,
): Promise<Stored> {
  const { tenant } = caller;
  const standing = line.fresh ? null : await committed({ ledger }, tenant, job);
  if (standing) return { request: standing, replayed: true };

  const began = [clock.now(), performance.now()] as const;
  const isFirst = await ledger.jobs.markers.openSubmit(tenant, job, terms.reference);
  const { sealed, keep } = await start(ledger, tenant, job, line.unseen === true);
  await failpoint('submit.marked');
  const { sources = {}, createdAtMs = timeOf(job) } = line;
  const sent = SIDES.filter((side) => pictures[side] !== undefined);
  const sides = SIDES.filter((side) => sent.includes(side) || sources[side] !== undefined);
  await Promise.all([keep(), ...sent.map((side) => sealed.putImage(side, pictures[side]!))]);
  await failpoint('submit.sealed');
  const request: JobRequest = {
    v: 1,
    job,
    tenant,
    nonce: randomBytes(16).toString('hex'),
    createdAtMs,
    sides,
    options: terms.options,
    reference: terms.reference,
    metadata: terms.metadata,
    priority: terms.priority,
    expiresAtMs: terms.expires_in === null ? null : clock.now() + terms.expires_in * 1000,
    retainForS: terms.retain_for,
    keepImages: terms.keep_images,
    endpointIds: terms.endpoint_ids,
    apiKeyId: caller.apiKeyId,
    ...(line.uploads?.length ? { uploads: line.uploads } : {}),
    ...(line.sources ? { sources: line.sources } : {}),
    ...(line.trace ? { trace: line.trace } : {}),
  };
  if (request.expiresAtMs !== null) await ledger.jobs.schedule.at(request.expiresAtMs, { tenant, job, what: 'expire' });
  if (!(await sealed.commit(request))) {
    const standing = await theirs({ ledger }, tenant, job);
    await removeLateImages({ ledger }, standing, sent);
    return { request: standing, replayed: true };
  }
  await failpoint('submit.committed');
  const tookMs = Math.max(clock.now() - began[0], performance.now() - began[1]);
  if (!isFirst || tookMs > SLOW_MS) {
    const kept = { sides: sent, reference: terms.reference };
    if (!(await ledger.jobs.pendingSubmissions.stands(tenant, job, kept))) throw new Problem('store_unavailable');
  }
  log.info('job.accepted', { tenant, job_id: job, count: sides.length });
  return { request, replayed: false };
}

/**
 * A submit that lost the race may have written its images after the worker deleted those of the finished job. The outcome
 * stands before that deletion: either it is here, and the images go, or the worker deletes them later.
 */
async function removeLateImages(
  { ledger }: Pick<ApiContext, 'ledger'>,
  { tenant, job, keepImages }: JobRequest,
  sent: readonly Side[],
): Promise<void> {
  const { decided, generation } = await ledger.jobs.inventory(tenant, job);
  if (keepImages || !decided.includes(generation)) return;
  const outcome = await (await ledger.jobs.open(tenant, job))?.outcome(generation);
  if (outcome?.state === 'succeeded' || outcome?.state === 'cancelled')
    await ledger.jobs.deleteImages(tenant, job, sent);
}

/** Another submit of the same job was faster, or it was withdrawn because nothing of it had moved for long. */
async function theirs({ ledger }: Pick<ApiContext, 'ledger'>, tenant: string, job: JobId): Promise<JobRequest> {
  const request = await (await ledger.jobs.open(tenant, job))?.request();
  if (!request) throw new Problem('store_unavailable');
  return request;
}

/** Where somebody else may be at the same job, their key may be the one that counts, and is waited for. */
async function start(ledger: ApiContext['ledger'], tenant: string, job: JobId, unseen: boolean) {
  if (unseen) return ledger.jobs.startUnseen(tenant, job);
  return { sealed: await ledger.jobs.start(tenant, job), keep: async () => {} };
}

async function committed(
  { ledger }: Pick<ApiContext, 'ledger'>,
  tenant: string,
  job: JobId,
): Promise<JobRequest | null> {
  const inventory = await ledger.jobs.inventory(tenant, job);
  if (inventory.erased) throw new Problem('job_erased');
  // A new request must never be written for a job that has the outcome of another request.
  assertRequestKept(inventory, tenant, job);
  if (!inventory.committed) return null;
  return theirs({ ledger }, tenant, job);
}
