/**
 * One way to change something: a role that may, a body that is checked, and what is done. The same route takes the
 * forms of our pages, which are led back to a page, and the JSON of programs, which get the result.
 */
import { RejectedError } from '@cardseal/base/errors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isForm } from '../auth/login.ts';
import { mayActAs, type Role, type Session } from '../auth/session.ts';
import type { Html } from '../pages/html.ts';
import { page } from '../pages/layout.ts';

/** Why something is done: asked of people at every change that customers may feel. */
export const reason = z.string().trim().min(5, 'must say why, in at least 5 characters').max(300);

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
  /** Of JSON; 200 unless given. */
  status?: number;
  /** Its JSON is what the API told the customer, whose own names in it stay as they are. */
  verbatim?: boolean;
  /** After a form: where to, or what to show at once. */
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

/** Throws RejectedError `invalid_request`, whose field `at` names the first wrong place. */
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

/** RejectedError `invalid_request`: which field, and what about it. */
export function wrongInput(at: string, problem: string): RejectedError {
  return new RejectedError('invalid_request', { fields: { at, problem } });
}

/** What a form leaves empty was not said. */
function withoutBlanks(input: unknown): unknown {
  if (typeof input !== 'object' || input === null) return {};
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== ''));
}

export function sendPage(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(text);
}
