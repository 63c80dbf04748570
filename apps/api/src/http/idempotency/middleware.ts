/**
 * Executes every unsafe route with an `Idempotency-Key` once: the ledger stores the response to the first request, and
 * the same request gets it again. Submitting jobs and batches works differently: its key exists as long as the job.
 */
import { isJobId, newId } from '@cardseal/core/job';
import type { IdempotencyTicket, Ledger, StoredResponse } from '@cardseal/core/ledger';
import { describeError, type Log } from '@cardseal/core/log';
import { readInput } from '@cardseal/core/validation';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../auth/index.ts';
import { Problem, Replayed } from '../problems/index.ts';
import { canonicalJson } from './canonical.ts';
import { idempotencyKeyOf } from './key.ts';

export interface IdempotencyGuard {
  /**
   * Runs once the caller is known and before any work. Throws Replayed, or Problem `idempotency_mismatch`,
   * `idempotency_in_progress`, `idempotency_key_invalid` or `job_erased`.
   */
  begin(request: FastifyRequest, caller: Caller): Promise<void>;
}

const UNSAFE = new Set(['POST', 'PATCH', 'DELETE']);
/** Their key identifies the job or batch itself. */
const KEYED_BY_THEMSELVES = new Set(['/v1/jobs', '/v1/batches']);
const KEPT_HEADERS = ['content-type', 'location', 'etag', 'cache-control', 'retry-after'] as const;

const tickets = new WeakMap<FastifyRequest, IdempotencyTicket & { scopes: readonly string[] }>();

/** The id of the object that this request creates: a fresh one, or with a key the one that an earlier attempt used. */
export function idForMaking(request: FastifyRequest, prefix: string, nowMs: number): string {
  const ticket = tickets.get(request);
  return ticket ? `${prefix}_${ticket.subject}` : newId(prefix, nowMs);
}

/** Stores what this request is about to do. Without a key no later request can ask for it. */
export async function noteIntent(ledger: Ledger, request: FastifyRequest, what: string): Promise<void> {
  const ticket = tickets.get(request);
  if (ticket) await ledger.intake.idempotencyCache.note(ticket, what);
}

/** The intention of an earlier attempt of this request that got no response; null without such an attempt. */
export async function earlierIntent(ledger: Ledger, request: FastifyRequest): Promise<string | null> {
  const ticket = tickets.get(request);
  return ticket ? ledger.intake.idempotencyCache.noted(ticket) : null;
}

export function createIdempotencyGuard(app: FastifyInstance, ledger: Ledger, log: Log): IdempotencyGuard {
  app.addHook('onSend', async (request, reply, payload) => {
    const ticket = tickets.get(request);
    if (!ticket) return;
    tickets.delete(request);
    try {
      await settle(ledger, ticket, reply, payload);
    } catch (error) {
      // The work is done and the response is sent. If storing it fails, the key stays in progress until the lease of
      // the claim ends.
      log.warn('idempotency.not_kept', { tenant: ticket.tenant, request_id: request.id, ...describeError(error) });
    }
  });

  return {
    async begin(request, { tenant, scopes }) {
      const key = idempotencyKeyOf(request);
      const { url = '' } = request.routeOptions;
      if (key === undefined || !UNSAFE.has(request.method) || tickets.has(request)) return;
      if (request.method === 'POST' && KEYED_BY_THEMSELVES.has(url)) return;
      const route = `${request.method} ${url}`;
      const parts = [route, request.url, meaningOf(request)];
      const fingerprint = await ledger.intake.idempotency.fingerprint(tenant, parts);
      const start = await ledger.intake.idempotencyCache.begin({
        tenant,
        route,
        key,
        fingerprint,
        job: shownJob(request),
      });
      if (start.kind === 'ours') tickets.set(request, { ...start.ticket, scopes });
      else if (start.kind === 'answered') throw replayFor(start.answer, scopes);
      else if (start.kind === 'mismatch') throw new Problem('idempotency_mismatch');
      else if (start.kind === 'erased') throw new Problem('job_erased');
      else throw new Problem('idempotency_in_progress', undefined, { retryAfterS: 1 });
    },
  };
}

/** The content of the body. No body equals an empty object. The route refuses an invalid body. */
function meaningOf({ body, routeOptions: { config } }: FastifyRequest): string {
  const input = body ?? {};
  const read = config.input && readInput(config.input, input);
  return canonicalJson(read?.ok ? read.value : input);
}

/**
 * A refusal did nothing, so the next request starts again. After a fault the effect is unknown, so the next request
 * takes over.
 */
async function settle(
  ledger: Ledger,
  { scopes, ...ticket }: IdempotencyTicket & { scopes: readonly string[] },
  reply: FastifyReply,
  payload: unknown,
): Promise<void> {
  const status = reply.statusCode;
  if (status >= 500) return ledger.intake.idempotencyCache.abandon(ticket);
  if (status >= 300) return ledger.intake.idempotencyCache.release(ticket);
  const headers = Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => (reply.hasHeader(name) ? [[name, String(reply.getHeader(name))]] : [])),
  );
  const body = payload === null || payload === undefined ? '' : String(payload);
  return ledger.intake.idempotencyCache.keep(ticket, { status, headers, body, scopes });
}

/** A caller that may see less than the first one must not get the response of the first one. */
function replayFor(answer: StoredResponse, scopes: readonly string[]): Error {
  if (answer.scopes.every((scope) => scopes.includes(scope))) return new Replayed(answer);
  return new Problem('forbidden', 'The response under this Idempotency-Key was given to an API key with more scopes.');
}

/**
 * A response about a job is sealed with its key. For an erased job it contains only times, which the erasure need not
 * cover.
 */
function shownJob({ routeOptions, params, method }: FastifyRequest) {
  const { id = '' } = params as { id?: string };
  return routeOptions.url?.startsWith('/v1/jobs/') && method !== 'DELETE' && isJobId(id) ? id : null;
}
