/** The parser of JSON bodies: the same checks on every route that takes JSON. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { readJson } from '../json/index.ts';
import { checkCharset } from '../text/index.ts';

/** An empty body is none: many clients name a type whenever they post. */
export function parseJsonBodies(app: FastifyInstance, bodyLimit: number): void {
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit },
    async (request: FastifyRequest, body: Buffer) => {
      checkCharset(request.headers['content-type']);
      return body.length === 0 ? undefined : readJson(body);
    },
  );
}
