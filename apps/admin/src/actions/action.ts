/**
 * Registers a route that changes something: it checks the role and the body, then runs the change. The same route takes
 * forms of the admin pages, which get a redirect or a page, and JSON of programs, which get the result.
 */
import { RejectedError } from '@cardseal/base/errors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isForm } from '../auth/login.ts';
import { mayActAs, type Role, type Session } from '../auth/session.ts';
import type { Html } from '../pages/html.ts';
import { page } from '../pages/layout.ts';

/** Operators give a reason for every change that can affect customers. */
export const reason = z.string().trim().min(5, 'must give a reason of at least 5 characters').max(300);

export interface Call<Body> {
  session: Session;
  body: Body;
  params: Record<string, string>;
}

export interface Action<Body, Result extends object> {
  path: string;
  role: Role;
  body: z.ZodType<Body>;
  run(call: Call<Body>): Promise<Result>;
  /** The status of a JSON response; 200 by default. */
  status?: number;
  /** Sends the JSON unchanged. It is the customer's document, and its member names must not be rewritten. */
  verbatim?: boolean;
  /** The response to a form: a path to redirect to, or a page to show. */
  next(result: Result, call: Call<Body>): string | { title: string; body: Html };
}

export function action<Body, Result extends object>(app: FastifyInstance, it: Action<Body, Result>): void {
  app.post(it.path, { config: { verbatim: it.verbatim ?? false } }, async (request, reply) => {
    const session = request.session!;
    if (!mayActAs(session.role, it.role)) throw new RejectedError('forbidden');
    const params = request.params as Record<string, string>;
    const call = { session, body: parseBody(it.body, request), params };
    const result = await it.run(call);
    if (!isForm(request)) return reply.code(it.status ?? 200).send(result);
    const next = it.next(result, call);
    if (typeof next === 'string') return reply.redirect(next, 303);
    return sendPage(reply, page({ ...next, place: null, session }));
  });
}

/** Throws RejectedError `invalid_request`. Its field `at` names the first invalid member. */
function parseBody<Body>(schema: z.ZodType<Body>, request: FastifyRequest): Body {
  return parseInput(schema, isForm(request) ? withoutBlanks(request.body) : (request.body ?? {}));
}

export function parseQuery<Query>(schema: z.ZodType<Query>, request: FastifyRequest): Query {
  return parseInput(schema, withoutBlanks(request.query));
}

function parseInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue?.path.join('.') || issue?.code || '';
  throw wrongInput(at, issue?.message ?? '');
}

/** RejectedError `invalid_request` with the invalid member and the problem. */
export function wrongInput(at: string, problem: string): RejectedError {
  return new RejectedError('invalid_request', { fields: { at, problem } });
}

/** A form sends empty fields as empty strings. They count as absent. */
function withoutBlanks(input: unknown): unknown {
  if (typeof input !== 'object' || input === null) return {};
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== ''));
}

export function sendPage(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(text);
}
