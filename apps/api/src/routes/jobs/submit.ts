/** `POST /v1/jobs`: submit → store → enqueue. A job with the response 202 is in the ledger, whatever happens next. */
import type { JobId, JobRequest, JobView, Side } from '@cardseal/core/job';
import { newJobId, SIDES } from '@cardseal/core/job';
import { addIds, inSpan, withParent } from '@cardseal/core/trace';
import type { Submitted } from '@cardseal/core/use-cases';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';
import type { Authenticate, Caller } from '../../http/auth/index.ts';
import { idempotencyKeyOf } from '../../http/idempotency/index.ts';
import { MAX_TERMS_BYTES, maxBodyBytes, type Takes } from '../../http/parsers/index.ts';
import { Problem } from '../../http/problems/index.ts';
import { enqueue } from '../../pipeline/enqueue.ts';
import { storeJob } from '../../pipeline/store.ts';
import { checkEndpoints } from '../../pipeline/submit/check-endpoints.ts';
import { inspectPictures } from '../../pipeline/submit/inspect.ts';
import { meaningOf } from '../../pipeline/submit/meaning.ts';
import { readSubmission } from '../../pipeline/submit/read-submission.ts';
import { jobRequestSchema } from '../../pipeline/submit/request-schema.ts';
import { resolveSource, uploadsOf } from '../../pipeline/submit/resolve-sources.ts';
import type { Submission } from '../../pipeline/submit/submission.ts';
import { waitingOf } from '../quota/index.ts';
import { readJob, waitForJob } from './index.ts';

export function submitRoute(app: FastifyInstance, context: ApiContext, authenticate: Authenticate): void {
  // The key is checked before the body is read: a caller without the right to submit cannot make the API buffer
  // anything.
  const callers = new WeakMap<FastifyRequest, Caller>();
  app.post(
    '/v1/jobs',
    {
      config: { takes: takesOf(context.config.MAX_IMAGE_BYTES), input: jobRequestSchema, body: 'images' },
      onRequest: async (request) => {
        callers.set(request, await authenticate(request, 'jobs:write'));
        app.bodies.reserve(request, maxBodyBytes(context.config.MAX_IMAGE_BYTES));
      },
    },
    async (request, reply) => {
      const caller = callers.get(request)!;
      const stored = await withParent(request.headers.traceparent, () =>
        inSpan('submit', {}, () => submit(context, caller, request)),
      );
      // A request that waits for its result must not keep its images in memory.
      request.body = undefined;
      app.bodies.release(request);
      return answer(context, caller, stored, request, reply);
    },
  );
}

function takesOf(maxImageBytes: number): Takes {
  return {
    types:
      'application/json, multipart/form-data with the parts front, back and request, or one image as the body ' +
      '(image/*, application/octet-stream or no type) with ?side=front or ?side=back',
    size: `images of at most ${maxImageBytes} bytes each, and at most ${MAX_TERMS_BYTES} bytes besides them`,
  };
}

async function submit(context: ApiContext, caller: Caller, request: FastifyRequest): Promise<Submitted> {
  const submission = await readSubmission(request, context.config.MAX_IMAGE_BYTES);
  await checkEndpoints(context, caller.tenant, submission.terms.endpoint_ids);
  inspectPictures(submission, context.config);
  const job = await claimJob(context, caller.tenant, request, submission);
  addIds({ job });
  await spend(context, caller, job, request);
  await fetchPictures(context, caller.tenant, job, submission, request);
  // Without an Idempotency-Key no other process can know the id.
  const own = request.headers['idempotency-key'] === undefined;
  const uploads = uploadsOf(submission.pointers);
  const stored = await storeJob(context, caller, job, submission, { own, uploads });
  if (!stored.replayed) {
    context.usage.note(caller, 'cards');
    await enqueue(context, stored.request);
  }
  return stored;
}

/** The job id: a fresh one, or that of the first submit with the same Idempotency-Key. */
async function claimJob(
  { clock, ledger }: ApiContext,
  tenant: string,
  request: FastifyRequest,
  submission: Submission,
): Promise<JobId> {
  const job = newJobId(clock.now());
  const key = idempotencyKeyOf(request);
  if (key === undefined) return job;
  const fingerprint = await ledger.intake.idempotency.fingerprint(tenant, [meaningOf(submission)]);
  const claim = await ledger.intake.idempotency.claim(tenant, 'POST /v1/jobs', key, { job, fingerprint });
  if (claim.fingerprint === fingerprint || claim.fingerprint === (await earlierFingerprint())) return claim.job;
  throw new Problem('idempotency_mismatch');

  /**
   * The fingerprint of an earlier version, which compared the texts of terms and sources. During an update both
   * versions run.
   */
  function earlierFingerprint(): Promise<string> {
    const { terms, pictures, pointers } = submission;
    const source = (side: Side) => pictures[side] ?? (pointers[side] ? JSON.stringify(pointers[side]) : '');
    return ledger.intake.idempotency.fingerprint(tenant, [JSON.stringify(terms), ...SIDES.map(source)]);
  }
}

/** A repeated request with the same key is not another job, whether it comes later or concurrently. */
async function spend({ ledger, limits }: ApiContext, caller: Caller, job: JobId, request: FastifyRequest) {
  if (request.headers['idempotency-key'] === undefined) return limits.spend(caller, 1);
  await limits.spend(caller, 1, async () => {
    const { committed, erased, open } = await ledger.jobs.inventory(caller.tenant, job);
    return committed || erased ? 'known' : { id: job, queued: open.length > 0 };
  });
}

/**
 * Runs only now, so that a repeated request needs no upload or object when its job exists. The request is not
 * committed yet: when an image cannot be fetched, only the claim is left.
 */
async function fetchPictures(
  context: ApiContext,
  tenant: string,
  job: JobId,
  submission: Submission,
  request: FastifyRequest,
): Promise<void> {
  const { pictures, pointers } = submission;
  const sides = SIDES.filter((side) => pointers[side] !== undefined);
  if (sides.length === 0) return;
  const { committed, erased } = await context.ledger.jobs.inventory(tenant, job);
  // The `store` step detects what has happened since.
  if (committed || erased) return;
  const maxBytes = context.config.MAX_IMAGE_BYTES;
  for (const side of sides) {
    const picture = await resolveSource(context, tenant, side, pointers[side]!, maxBytes);
    pictures[side] = picture;
    // The bytes as read and as sealed.
    request.server.bodies.take(request, picture.length * 2);
  }
  inspectPictures(submission, context.config);
}

async function answer(
  context: ApiContext,
  caller: Caller,
  stored: Submitted,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const preferred = /(?:^|[,;\s])wait=(\d{1,3})(?:$|[,;\s])/.exec(String(request.headers.prefer ?? ''))?.[1];
  const waitS = Math.min(30, Number(preferred ?? 0));
  const { job } = stored.request;
  // Set before the wait: a key that is revoked meanwhile gets a problem, but the job is accepted.
  reply.header('location', `/v1/jobs/${job}`);
  const view = await viewOf(context, caller, stored, waitS);
  if (!view) throw new Problem('internal');
  if (waitS > 0) reply.header('preference-applied', `wait=${waitS}`);
  if (view.finished_at === null) reply.header('retry-after', 1);
  return reply.code(waitS > 0 && view.finished_at !== null ? 200 : 202).send(view);
}

/** A job that was just stored needs no read of the ledger: it is queued. */
async function viewOf(context: ApiContext, caller: Caller, { request, replayed }: Submitted, waitS: number) {
  if (waitS > 0) return waitForJob(context, caller, request.job, waitS);
  if (replayed) return readJob(context, caller, request.job);
  const view = queuedView(request);
  const pool = await context.pool.state();
  if (pool?.isOpen !== false) return view;
  // No credential may be called: the response says what the next read would say.
  const hint = await context.jobQueue.hint(request.job, 1).catch(() => null);
  const { waitingFor, startAtMs } = hint
    ? waitingOf(hint, pool, context.clock.now())
    : { waitingFor: pool.isOutage ? ('provider' as const) : ('quota' as const), startAtMs: null };
  return {
    ...view,
    waiting_for: waitingFor,
    estimated_start_at: startAtMs === null ? null : new Date(startAtMs).toISOString(),
  };
}

function queuedView(request: JobRequest): JobView {
  return {
    id: request.job,
    generation: 1,
    state: 'queued',
    waiting_for: 'worker',
    estimated_start_at: null,
    reference: request.reference,
    metadata: request.metadata,
    created_at: new Date(request.createdAtMs).toISOString(),
    finished_at: null,
    sides: Object.fromEntries(request.sides.map((side) => [side, { state: 'queued' }])),
    attempts: [],
    deliveries: [],
  };
}
