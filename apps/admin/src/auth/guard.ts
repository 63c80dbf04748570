/** In front of everything but the login: a session, and for every change a request that our own pages made. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AdminContext } from '../context.ts';
import { SESSION_COOKIE } from './login.ts';
import type { Session } from './session.ts';

declare module 'fastify' {
  interface FastifyRequest {
    session: Session | null;
  }
}

const OPEN_PATHS = new Set(['/login', '/healthz']);

export function guard(app: FastifyInstance, { sessions }: AdminContext): void {
  app.decorateRequest('session', null);
  app.addHook('onRequest', async (request, reply) => {
    request.session = sessions.read(request.cookies[SESSION_COOKIE]);
    if (isChange(request) && !isSameOrigin(request)) return reply.code(403).send({ code: 'foreign_origin' });
    if (!request.session && !OPEN_PATHS.has(request.routeOptions.url ?? '')) return refuse(request, reply);
  });
}

function refuse(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (request.method === 'GET' && request.headers.accept?.includes('text/html')) return reply.redirect('/login', 303);
  return reply.code(401).send({ code: 'unauthorized' });
}

function isChange({ method }: FastifyRequest): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
}

/** Programs send neither header; browsers send at least one of them and cannot be made to lie. */
function isSameOrigin({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  if (headers.origin === undefined) return true;
  return URL.canParse(headers.origin) && new URL(headers.origin).host === headers.host;
}
