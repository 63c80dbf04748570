/**
 * CORS for the signed URLs of uploads, and for no other route: a web page sends an image to such a URL without an API
 * key. The signature in the URL is the permission; no cookie or credential is involved.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';

/** A browser asks again after ten minutes, so that a change of the setting reaches it soon. */
const PREFLIGHT_VALID_S = 600;

export interface UploadOrigins {
  /** Whether any page may upload. Without it there is no preflight route. */
  readonly any: boolean;
  /** Lets the page read the response, if its origin is allowed. */
  allow(request: FastifyRequest, reply: FastifyReply): void;
  /** The response to a preflight request. */
  preflight(reply: FastifyReply): FastifyReply;
}

/** @param origins `*` alone, or origins such as `https://kyc.bank.example`. */
export function createUploadOrigins(origins: readonly string[]): UploadOrigins {
  const everyone = origins.includes('*');

  function allow({ headers: { origin } }: FastifyRequest, reply: FastifyReply): void {
    if (!everyone) reply.header('vary', 'origin');
    if (origin === undefined || !(everyone || origins.includes(origin))) return;
    reply.header('access-control-allow-origin', everyone ? '*' : origin);
    reply.header('access-control-expose-headers', 'request-id, retry-after');
  }

  return {
    any: origins.length > 0,
    allow,
    preflight(reply) {
      // The headers of the origin are set by the hook that calls `allow` for every response of the route.
      if (reply.hasHeader('access-control-allow-origin')) {
        reply.header('access-control-allow-methods', 'PUT').header('access-control-allow-headers', 'content-type');
        reply.header('access-control-max-age', PREFLIGHT_VALID_S);
      }
      return reply.code(204).send();
    },
  };
}
