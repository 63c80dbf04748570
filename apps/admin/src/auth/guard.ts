/**
 * Checks every request before its route: all paths but the login need a session, and a change must come from a page of
 * the admin or from a program, never from another site.
 */
import { SYSTEM_TENANT } from '@cardseal/core/ledger';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { AdminContext } from '../context.ts';
import { SESSION_COOKIE } from './login.ts';
import { originOf } from './origin.ts';
import type { IssuedSession } from './session.ts';

declare module 'fastify' {
  interface FastifyRequest {
    session: IssuedSession | null;
  }
}

const OPEN_PATHS = new Set(['/login', '/healthz', '/static/style.css', '/static/live.js', '/static/icon.svg']);
/** How long a session may outlive a change of the operator's record. */
const RECHECK_MS = 10_000;

/** What the ledger knows about the sessions of an operator. */
interface OperatorState {
  version: number | null;
  ended: ReadonlySet<string>;
}

export function guard(app: FastifyInstance, { sessions, endedSessions, ledger }: AdminContext): void {
  const cached = new LRUCache<string, OperatorState>({ max: 1000, ttl: RECHECK_MS });

  async function read(user: string): Promise<OperatorState> {
    const [record, ended] = await Promise.all([
      ledger.operators.admins.get(SYSTEM_TENANT, user),
      endedSessions.of(user),
    ]);
    const state = { version: record?.version ?? null, ended };
    cached.set(user, state);
    return state;
  }

  /**
   * Returns null when the session has ended: by a logout, or because the operator was removed or changed. While the
   * ledger is down, the session stays valid.
   */
  async function validSession(session: IssuedSession | null): Promise<IssuedSession | null> {
    if (!session || endedSessions.isEndedHere(session)) return null;
    let known: OperatorState | null = cached.get(session.user) ?? null;
    // The session is newer than the cached record: the record changed, and the operator logged in again.
    if (!known || (known.version ?? 0) < session.version) known = await read(session.user).catch(() => null);
    if (!known) return session;
    return known.version === session.version && !known.ended.has(session.id) ? session : null;
  }

  app.decorateRequest('session', null);
  app.addHook('onRequest', async (request, reply) => {
    if (isChange(request) && !mayChange(request)) return reply.code(403).send({ code: 'foreign_origin' });
    if (OPEN_PATHS.has(request.routeOptions.url ?? '')) return;
    request.session = await validSession(sessions.read(request.cookies[SESSION_COOKIE]));
    if (!request.session) return refuse(request, reply);
  });
}

function refuse(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (request.method === 'GET' && request.headers.accept?.includes('text/html')) return reply.redirect('/login', 303);
  return reply.code(401).send({ code: 'unauthorized' });
}

function isChange({ method }: FastifyRequest): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
}

/** A login whose origin is unknown is allowed here and needs the token of its form. Nothing else is. */
function mayChange(request: FastifyRequest): boolean {
  const origin = originOf(request.headers, request.host);
  return origin === 'own' || (origin === 'unknown' && request.routeOptions.url === '/login');
}
