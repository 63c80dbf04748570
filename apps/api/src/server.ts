/** The HTTP server: limits before parsing, a request id on every response, a problem document for every error. */
import { randomUUID } from 'node:crypto';
import { armFailpoints } from '@cardseal/core/failpoints';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { BatchLoop } from './background/batches/batch-loop.ts';
import type { ApiConfig } from './config.ts';
import type { ApiContext } from './context.ts';
import { type Caller, createAuthenticate } from './http/auth/index.ts';
import { type BodyKind, type TransferLimits, watchBodies } from './http/bodies/index.ts';
import { createIdempotencyGuard } from './http/idempotency/index.ts';
import { MAX_TERMS_BYTES, parseImages, parseJsonBodies } from './http/parsers/index.ts';
import {
  handleErrors,
  Problem,
  type ProblemCode,
  problemDocument,
  refuseUnknownPaths,
  sendProblem,
} from './http/problems/index.ts';
import { whenClosed } from './http/waits/index.ts';
import { measureRequests } from './metrics.ts';
import { openApiRoutes } from './openapi/index.ts';
import { batchRoutes } from './routes/batches/index.ts';
import { endpointRoutes } from './routes/endpoints/index.ts';
import { healthRoutes } from './routes/health/routes.ts';
import { jobRoutes, lifecycleRoutes } from './routes/jobs/index.ts';
import { submitRoute } from './routes/jobs/submit.ts';
import { quotaRoutes } from './routes/quota/index.ts';
import { uploadRoutes } from './routes/uploads/index.ts';
import { usageRoutes } from './routes/usage/index.ts';

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: registers hooks and routes in the order in which Fastify runs them.
export function createServer(context: ApiContext, keeper: Pick<BatchLoop, 'take'>): FastifyInstance {
  const { config, log } = context;
  if (config.FAILPOINTS_DIR !== undefined) armFailpoints(config.FAILPOINTS_DIR);
  const app = fastify({
    logger: false,
    genReqId: () => `req_${randomUUID()}`,
    bodyLimit: MAX_TERMS_BYTES,
    // Node's limit is the same for all routes. `watchBodies` enforces the limit of each route; this one is the last resort.
    requestTimeout: config.BATCH_TIMEOUT_MS + 60_000,
    keepAliveTimeout: 72_000,
    http: {
      maxHeaderSize: 16 * 1024,
      connectionsCheckingInterval: 1000,
      headersTimeout: Math.min(10_000, config.REQUEST_TIMEOUT_MS),
    },
    // `drain` ends the process in order: requests in progress get a response, then their connections close.
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    // The maximum length of a request line: an id that is too long gets the same response as an unknown one.
    routerOptions: { maxParamLength: 16 * 1024 },
    clientErrorHandler: answerClientError,
    // Paths that cannot be decoded are refused before routing.
    frameworkErrors: (_error, request, reply) => sendProblem(reply, request, new Problem('bad_request')),
  });
  const bodies = watchBodies(app, { limits: transferLimits(config), budget: context.bodyBudget });
  app.decorate('bodies', bodies);
  // Fastify parses plain text by default, and no route here takes it.
  app.removeContentTypeParser('text/plain');
  parseJsonBodies(app, MAX_TERMS_BYTES);
  refuseUnknownPaths(app);
  app.addHook('onRequest', async ({ headers }) => {
    const encoding = headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') throw new Problem('unsupported_media_type', COMPRESSED);
  });
  app.addHook('onSend', async (request, reply) => {
    reply.header('request-id', request.id).header('x-content-type-options', 'nosniff');
    if (context.stopping.aborted) reply.header('connection', 'close');
  });
  app.addHook('onResponse', async (request, reply) => {
    log.debug('request.done', {
      request_id: request.id,
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      latency_ms: Math.round(reply.elapsedTime),
    });
  });
  measureRequests(app, context.metrics);
  handleErrors(app, log);
  app.addHook('onResponse', async (request, reply) => {
    const caller = callers.get(request);
    if (caller && reply.statusCode === 429) context.usage.note(caller, 'refused');
  });

  const replies = new WeakMap<FastifyRequest, FastifyReply>();
  const callers = new WeakMap<FastifyRequest, Caller>();
  app.addHook('onRequest', async (request, reply) => void replies.set(request, reply));
  const idempotency = createIdempotencyGuard(app, context.ledger, log);
  const authenticate = createAuthenticate(
    context.ledger,
    context.clock,
    async (request, caller) => {
      callers.set(request, caller);
      context.usage.note(caller, 'requests');
      const { headers, release } = await context.limits.admit(caller);
      const reply = replies.get(request)!;
      reply.headers(headers);
      whenClosed(reply.raw, release);
      await idempotency.begin(request, caller);
    },
    log,
  );
  app.register(async (images) => {
    parseImages(images, config.MAX_IMAGE_BYTES);
    submitRoute(images, context, authenticate);
  });
  app.register(async (routes) => {
    healthRoutes(routes, context);
    jobRoutes(routes, context, authenticate);
    lifecycleRoutes(routes, context, authenticate);
    endpointRoutes(routes, context, authenticate);
    quotaRoutes(routes, context, authenticate);
    usageRoutes(routes, context, authenticate);
    uploadRoutes(routes, context, authenticate);
    batchRoutes(routes, context, authenticate, keeper);
    openApiRoutes(routes);
  });
  return app;
}

/** A small body has one short total limit. A body with images may be slow, but never idle. */
function transferLimits(config: ApiConfig): Record<BodyKind, TransferLimits> {
  const progress = { idleMs: config.BODY_IDLE_TIMEOUT_MS, minBytesPerSecond: config.BODY_MIN_BYTES_PER_SECOND };
  return {
    small: { ...progress, totalMs: config.REQUEST_TIMEOUT_MS },
    images: { ...progress, totalMs: config.UPLOAD_TIMEOUT_MS },
    batch: { ...progress, totalMs: config.BATCH_TIMEOUT_MS },
  };
}

const COMPRESSED = 'Bodies are read as they are: send none with a Content-Encoding.';

const CLIENT_ERRORS: Record<string, ProblemCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'body_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
};

/** For requests that Node refuses before Fastify sees them: a problem document, written directly to the socket. */
function answerClientError(error: NodeJS.ErrnoException, socket: import('node:net').Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return void socket.destroy();
  const problem = new Problem(CLIENT_ERRORS[error.code ?? ''] ?? 'bad_request');
  const body = JSON.stringify(problemDocument(problem, `req_${randomUUID()}`));
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.code}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
