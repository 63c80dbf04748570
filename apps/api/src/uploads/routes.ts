/** `POST /v1/uploads`: a signed URL of this API; `PUT` to it: the picture, sealed while it streams in. */
import type { Readable } from 'node:stream';
import type { UploadId } from '@cardseal/core/ledger';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Authenticate } from '../auth/index.ts';
import type { ApiContext } from '../context.ts';
import { idForMaking } from '../idempotency/index.ts';
import { fromZod, Problem } from '../problems/index.ts';
import { receiveUpload } from './receive.ts';
import { uploadRequestSchema } from './schema.ts';
import { signedPath, verifiedClaims } from './signature.ts';

const VALID_MS = 15 * 60_000;

export function uploadRoutes(app: FastifyInstance, context: ApiContext, authenticate: Authenticate): void {
  const { ledger, clock, config, log } = context;

  app.post('/v1/uploads', async (request, reply) => {
    const { tenant } = await authenticate(request, 'jobs:write');
    const parsed = uploadRequestSchema.safeParse(request.body ?? {});
    if (!parsed.success) throw fromZod(parsed.error);
    const { content_type: contentType, size: sizeBytes } = parsed.data;
    if (sizeBytes > config.MAX_IMAGE_BYTES) {
      throw new Problem('body_too_large', `A picture may have at most ${config.MAX_IMAGE_BYTES} bytes.`);
    }
    const id = idForMaking(request, 'upl', clock.now()) as UploadId;
    const expiresAtMs = clock.now() + VALID_MS;
    const path = await signedPath(ledger, { tenant, id, contentType, sizeBytes, expiresAtMs });
    return reply.code(201).send({
      upload_id: id,
      url: new URL(path, config.PUBLIC_URL ?? `${request.protocol}://${request.host}`).href,
      method: 'PUT',
      headers: { 'content-type': contentType },
      expires_at: new Date(expiresAtMs).toISOString(),
    });
  });

  app.register(async (streaming) => {
    // In here a body is handed on as the stream that it is.
    streaming.removeAllContentTypeParsers();
    streaming.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    streaming.put('/v1/uploads/:name', async (request, reply) => {
      const { name } = request.params as { name: string };
      const claims = await verifiedClaims(ledger, name, request.query);
      if (!claims || claims.expiresAtMs < clock.now() || !isAsSigned(request, claims.contentType)) {
        throw new Problem('upload_refused');
      }
      const writer = await ledger.uploads.writer(claims.tenant, claims.id, clock.now());
      if (!writer) throw new Problem('upload_refused');
      await receiveUpload(request.body as Readable, writer, claims.sizeBytes);
      log.info('upload.received', { tenant: claims.tenant, size_bytes: claims.sizeBytes });
      return reply.code(204).send();
    });
  });
}

function isAsSigned({ headers, body }: FastifyRequest, contentType: string): boolean {
  const isStream = typeof (body as Readable | undefined)?.on === 'function';
  return isStream && headers['content-type']?.toLowerCase() === contentType && !headers['content-encoding'];
}
