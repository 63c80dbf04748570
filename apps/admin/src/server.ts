/** The HTTP server of the admin. It checks the session, sets a content policy without other hosts, and adds the routes. */
import { randomUUID } from 'node:crypto';
import { CardsealError, RejectedError } from '@cardseal/base/errors';
import { describeError } from '@cardseal/core/log';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import fastify, { type FastifyInstance } from 'fastify';
import { sendPage } from './actions/action.ts';
import { failureOf } from './actions/failure-of.ts';
import { asJson } from './actions/json.ts';
import { auditRoutes } from './audit/routes.ts';
import { guard } from './auth/guard.ts';
import { loginRoutes } from './auth/login.ts';
import { boardRoutes } from './board/routes.ts';
import { bulkRoutes } from './bulk/routes.ts';
import type { BulkRunner } from './bulk/runner.ts';
import type { AdminContext } from './context.ts';
import { endpointRoutes } from './endpoints/routes.ts';
import { gateRoutes } from './gates/routes.ts';
import { jobRoutes } from './jobs/routes.ts';
import type { OverviewReader } from './overview/read.ts';
import { overviewRoutes } from './overview/routes.ts';
import { failurePage } from './pages/failure.ts';
import { searchRoutes } from './search/routes.ts';
import { staticRoutes } from './static/routes.ts';
import { tenantRoutes } from './tenants/routes.ts';

/** For the pages of the admin: no inline code, nothing from other hosts. */
const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'self'",
].join('; ');

/** For Bull Board, whose script creates inline styles. */
const BOARD_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'self'",
  "form-action 'self'",
].join('; ');

declare module 'fastify' {
  interface FastifyContextConfig {
    verbatim?: boolean;
  }
}

export interface ServerParts {
  overview: OverviewReader;
  bulk: BulkRunner;
}

export async function createServer(context: AdminContext, parts: ServerParts): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    genReqId: () => `req_${randomUUID()}`,
    bodyLimit: 256 * 1024,
    // The login throttle counts by client address. Behind a trusted proxy, that address is in `X-Forwarded-For`.
    trustProxy: context.config.ADMIN_TRUSTED_PROXIES ?? false,
    requestTimeout: 30_000,
    // `drainServer` ends it: requests in progress get a response, then their connections close.
    forceCloseConnections: 'idle',
    return503OnClosing: false,
  });
  await app.register(cookie);
  await app.register(formbody);
  app.addHook('onSend', async (request, reply) => {
    reply
      .header('request-id', request.id)
      .header('content-security-policy', request.url.startsWith('/queues') ? BOARD_POLICY : CONTENT_POLICY)
      .header('cross-origin-opener-policy', 'same-origin')
      .header('cross-origin-resource-policy', 'same-origin')
      .header('x-content-type-options', 'nosniff')
      .header('referrer-policy', 'same-origin')
      .header('cache-control', reply.getHeader('cache-control') ?? 'no-store');
  });
  app.addHook('onSend', async (_request, reply) => {
    if (context.stopping.aborted) reply.header('connection', 'close');
  });
  app.addHook('preSerialization', async ({ routeOptions }, _reply, payload) =>
    routeOptions.url?.startsWith('/api/') && !routeOptions.config.verbatim ? asJson(payload) : payload,
  );
  app.setErrorHandler((error, request, reply) => {
    const { status, code } = failureOf(error);
    if (status >= 500) context.log.error('admin.failed', { request_id: request.id, ...describeError(error) });
    const problem = error instanceof CardsealError ? error.fields : {};
    if (status === 503) reply.header('retry-after', 5);
    const wantsPage = request.headers.accept?.includes('text/html') && !request.url.startsWith('/queues');
    if (wantsPage)
      return sendPage(reply.code(status), failurePage({ status, code, problem, session: request.session }));
    return reply.code(status).send({ error: code, code, ...problem });
  });
  app.setNotFoundHandler(async () => {
    throw new RejectedError('not_found');
  });
  guard(app, context);
  app.get('/healthz', async () => ({ status: 'ok' }));
  staticRoutes(app);
  loginRoutes(app, context);
  overviewRoutes(app, context, parts.overview);
  searchRoutes(app, context);
  jobRoutes(app, context);
  bulkRoutes(app, context, parts.bulk);
  gateRoutes(app, context);
  endpointRoutes(app, context);
  tenantRoutes(app, context);
  auditRoutes(app, context);
  boardRoutes(app, context);
  return app;
}
