/**
 * The parsers of the one route with images in its body. The declared type only says that the body is an image: clients
 * send JPEG as `image/jpg`, `image/pjpeg`, `application/octet-stream` or without a type. The content decides the rest.
 */
import multipart from '@fastify/multipart';
import type { FastifyInstance } from 'fastify';
import { parseJsonBodies } from './json-bodies.ts';
import { maxBodyBytes } from './takes.ts';

/**
 * Some clients send `image/*` itself. `application/x-pdf` and `binary/octet-stream` come from older stores and
 * scanners.
 */
export const BARE_IMAGE = /^(image\/[^\s;]+|(application|binary)\/octet-stream|application\/(x-)?pdf)(\s*;|$)/i;

/** Only this route accepts large bodies, and only once the caller is known. */
export function parseImages(app: FastifyInstance, maxImageBytes: number): void {
  app.register(multipart);
  parseJsonBodies(app, maxBodyBytes(maxImageBytes));
  app.addContentTypeParser(
    BARE_IMAGE,
    { parseAs: 'buffer', bodyLimit: maxImageBytes },
    async (_request: unknown, body: Buffer) => body,
  );
  // Fastify has one parser for bodies without a type and bodies of an unknown type. This API refuses unknown types.
  app.addHook('onRequest', async ({ raw: { headers } }) => {
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
    if (hasBody) headers['content-type'] ||= 'application/octet-stream';
  });
}
