/**
 * 404 for a path without a route, and 405 for a method that the routes of a path do not have. Both come before the
 * body is read: its size and type do not matter for a path that does not exist.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from './problem.ts';
import { collectRoutes, type ServedRoutes } from './served-routes.ts';

/** Call it before routes are registered. */
export function refuseUnknownPaths(app: FastifyInstance): void {
  const served = collectRoutes(app);
  app.decorate('servedRoutes', served.routes);
  app.addHook('onRequest', async (request) => {
    if (request.is404) throw unknownPath(request, served);
    checkQuery(request);
  });
}

function unknownPath({ url, method }: FastifyRequest, served: ServedRoutes): Problem {
  const path = url.split('?')[0]!;
  const allowed = served.allowed(path);
  if (allowed.length > 0) {
    const allow = allowed.join(', ');
    const detail = `This path does not take ${method}. It takes ${allow}.`;
    return new Problem('method_not_allowed', detail, { headers: { allow } });
  }
  const near = served.near(path);
  const advice = near ? `The path of the route is ${near}.` : '/openapi.json lists every path.';
  return new Problem('not_found', `There is no such path. ${advice}`);
}

/** Fastify passes on undecodable text unchanged, and a search for such text would find nothing. */
function checkQuery({ url }: FastifyRequest): void {
  const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
  if (!query.includes('%')) return;
  try {
    decodeURIComponent(query);
  } catch {
    throw new Problem('bad_request', 'The query is not percent-encoded UTF-8.');
  }
}
