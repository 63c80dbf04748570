/** Turns every error of a route into a problem document. An unexpected error is logged and becomes `internal`. */
import { CardsealError, ThrottledError } from '@cardseal/base/errors';
import type { StoredResponse } from '@cardseal/core/ledger';
import { describeError, type Log } from '@cardseal/core/log';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { describeTakes } from '../parsers/takes.ts';
import { PROBLEMS, Problem, type ProblemCode, problemDocument } from './problem.ts';
import { Replayed } from './stored-response.ts';

/** Refusals with a 5xx status that are no failure of this process; the metrics count them. */
export const REFUSALS: ReadonlySet<string> = new Set<ProblemCode>(['overloaded', 'shutting_down']);

export function handleErrors(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error, request, reply) => {
    if (error instanceof Replayed) return sendAgain(reply, error.answer);
    const problem = toProblem(error, request);
    if (problem.status >= 500 && !REFUSALS.has(problem.code)) {
      log.error('request.failed', { request_id: request.id, route: request.routeOptions.url, ...describeError(error) });
    }
    return sendProblem(reply, request, problem);
  });
}

function sendAgain(reply: FastifyReply, { status, headers, body }: StoredResponse): FastifyReply {
  return reply.code(status).headers(headers).header('idempotency-replayed', 'true').send(body);
}

const sent = new WeakMap<FastifyReply, string>();

/** The code of the problem that was the response. */
export function problemSentTo(reply: FastifyReply): string | undefined {
  return sent.get(reply);
}

export function sendProblem(reply: FastifyReply, request: FastifyRequest, problem: Problem): FastifyReply {
  sent.set(reply, problem.code);
  if (problem.retryAfterS !== undefined) reply.header('retry-after', problem.retryAfterS);
  reply.headers(problem.headers);
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
  // A refused body may still be arriving: the connection cannot be reused.
  if (problem.status === 413 || problem.status === 408) reply.header('connection', 'close');
  return reply
    .code(problem.status)
    .header('content-type', 'application/problem+json')
    .send(Buffer.from(JSON.stringify(problemDocument(problem, request.id))));
}

function toProblem(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof CardsealError) return fromCardseal(error);
  return fromFastify(error as FastifyError, request);
}

/** Data that the store lost or returned damaged. The owner must not conclude that it never existed. */
const UNREADABLE = new Set([
  'batch_head_missing',
  'endpoint_record_missing',
  'job_key_missing',
  'job_request_missing',
  'notice_missing',
  'outcome_missing',
  'seal_broken',
  'seal_unknown_format',
  'tenant_key_missing',
  'tenant_key_vanished',
]);

function fromCardseal(error: CardsealError): Problem {
  if (error.code.startsWith('store_')) return new Problem('store_unavailable');
  if (error instanceof ThrottledError && error.code.startsWith('key_service_')) {
    return new Problem('keys_unavailable', undefined, { retryAfterS: Math.ceil(error.retryAfterMs / 1000) });
  }
  if (error.code === 'erasure_incomplete') return new Problem('erasure_incomplete', undefined, { retryAfterS: 10 });
  if (UNREADABLE.has(error.code)) return new Problem('stored_data_unreadable');
  if (error.code === 'job_not_found') return new Problem('not_found');
  if (error.code === 'webhook_target_refused') return refusedTarget(String(error.fields.rule));
  if (error.disposition === 'rejected' && error.code in PROBLEMS) return new Problem(error.code as ProblemCode);
  return new Problem('internal');
}

/** By rule of the guard. The texts describe the URL alone, never an address of its name. */
const TARGET_RULES: Record<string, string> = {
  syntax: 'The URL cannot be read. Send an absolute https URL without spaces or backslashes.',
  scheme: 'The URL must start with https://.',
  userinfo: 'The URL must not contain a user name or password. Put them into `headers`.',
  fragment: 'The URL must not contain a fragment (#).',
  host: 'The host name is the problem: DNS does not allow it. Its labels have 1 to 63 letters, digits, - or _, neither start nor end with -, and no dot follows the last one.',
  name: 'The host name is the problem: it is one of an internal network. The operator can allow it as a target.',
  port: 'The port is the problem: use port 443. The operator can allow another one.',
};

function refusedTarget(rule: string): Problem {
  const detail = TARGET_RULES[rule];
  const errors = detail === undefined ? undefined : [{ pointer: '/url', code: `target_${rule}`, detail }];
  return new Problem('webhook_target_refused', detail, errors && { errors });
}

/** Fastify's own refusals, by its stable codes. */
const FASTIFY_CODES: Record<string, ProblemCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_REQ_FILE_TOO_LARGE: 'body_too_large',
  FST_FILES_LIMIT: 'malformed_body',
  FST_PARTS_LIMIT: 'malformed_body',
  FST_FIELDS_LIMIT: 'malformed_body',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_EMPTY_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_body',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_body',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed_body',
};

function fromFastify(error: FastifyError, request: FastifyRequest): Problem {
  const known = FASTIFY_CODES[error.code ?? ''] ?? STATUS_CODES[error.statusCode ?? 0];
  if (known === 'body_too_large') return new Problem(known, describeTakes(request, 'size'));
  if (known === 'unsupported_media_type') return new Problem(known, describeTakes(request, 'types'));
  if (known) return new Problem(known);
  const isRefusal = error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500;
  return new Problem(isRefusal ? 'malformed_body' : 'internal');
}

const STATUS_CODES: Record<number, ProblemCode> = { 413: 'body_too_large', 415: 'unsupported_media_type' };
