/** The admin's own listener: session first, a content policy without foreign hosts, then the pages. */
import { randomUUID } from 'node:crypto';
import { CardsealError } from '@cardseal/core/errors';
import { describeError } from '@cardseal/core/log';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import fastify, { type FastifyInstance } from 'fastify';
import { guard } from './auth/guard.ts';
import { loginRoutes } from './auth/login.ts';
import { boardRoutes } from './board/routes.ts';
import type { AdminContext } from './context.ts';
import { gateRoutes } from './gates/routes.ts';

/** Bull Board asks a foreign host for fonts; the policy refuses, and the page falls back to the system's. */
const CONTENT_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'self'",
  "form-action 'self'",
].join('; ');

export async function createServer(context: AdminContext): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    genReqId: () => `req_${randomUUID()}`,
    bodyLimit: 256 * 1024,
    requestTimeout: 30_000,
    forceCloseConnections: true,
  });
  await app.register(cookie);
  await app.register(formbody);
  app.addHook('onSend', async (request, reply) => {
    reply
      .header('request-id', request.id)
      .header('content-security-policy', CONTENT_POLICY)
      .header('x-content-type-options', 'nosniff')
      .header('referrer-policy', 'no-referrer')
      .header('cache-control', reply.getHeader('cache-control') ?? 'no-store');
  });
  app.setErrorHandler((error, request, reply) => {
    if (error instanceof CardsealError && error.disposition === 'rejected') {
      return reply.code(409).send({ error: error.code, code: error.code });
    }
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    if (status >= 500) context.log.error('admin.failed', { request_id: request.id, ...describeError(error) });
    return reply.code(status).send({ error: 'failed', code: status >= 500 ? 'internal' : 'invalid_request' });
  });
  guard(app, context);
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/', async (_request, reply) => reply.redirect('/queues', 303));
  loginRoutes(app, context);
  gateRoutes(app, context, context.gates);
  boardRoutes(app, context);
  return app;
}
