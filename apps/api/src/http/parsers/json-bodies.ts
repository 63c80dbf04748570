/** The parser of JSON bodies: the same checks on every route that accepts JSON. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { readJson } from '../json/index.ts';
import { checkCharset } from '../text/index.ts';

/** An empty body counts as no body: many clients always send a content type with POST. */
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
