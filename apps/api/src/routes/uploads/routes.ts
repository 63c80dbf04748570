/**
 * `POST /v1/uploads` returns a signed URL of this API; `PUT` to it sends the image, which is sealed while it arrives.
 */
import type { Readable } from 'node:stream';
import type { UploadId } from '@cardseal/core/ledger';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../../context.ts';
import type { Authenticate } from '../../http/auth/index.ts';
import { idForMaking } from '../../http/idempotency/index.ts';
import { Problem, validated } from '../../http/problems/index.ts';
import { createKnownTenants } from './known-tenants.ts';
import { createUploadOrigins } from './origins.ts';
import { receiveUpload } from './receive.ts';
import { uploadRequestSchema } from './schema.ts';
import { signedPath, verifiedClaims } from './signature.ts';

const VALID_MS = 15 * 60_000;
/** The chunk that is received, its joined copy and its sealed copy. */
const STREAM_BYTES = 4 * 1024 * 1024;

export function uploadRoutes(app: FastifyInstance, context: ApiContext, authenticate: Authenticate): void {
  const { ledger, clock, config, log } = context;
  const origins = createUploadOrigins(config.UPLOAD_ORIGINS);
  const isTenant = createKnownTenants(ledger, clock);

  app.post('/v1/uploads', { config: { input: uploadRequestSchema } }, async (request, reply) => {
    const { tenant } = await authenticate(request, 'jobs:write');
    const { content_type: contentType, size: sizeBytes } = validated(uploadRequestSchema, request.body ?? {});
    if (sizeBytes > config.MAX_IMAGE_BYTES) {
      throw new Problem('body_too_large', `An image may have at most ${config.MAX_IMAGE_BYTES} bytes.`);
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
    // In this plugin a body is passed on as a stream.
    streaming.removeAllContentTypeParsers();
    streaming.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    // Fastify refuses a type that it cannot parse; these routes ignore the type.
    streaming.addHook('onRequest', async ({ raw }) => {
      raw.headers['content-type'] = 'application/octet-stream';
    });
    if (origins.any) {
      // First, so that a page can read why its upload is refused.
      streaming.addHook('onRequest', async (request, reply) => origins.allow(request, reply));
      streaming.options('/v1/uploads/:name', async (_request, reply) => origins.preflight(reply));
    }
    streaming.put('/v1/uploads/:name', { config: { takes: TAKES, body: 'images' } }, async (request, reply) => {
      const { name } = request.params as { name: string };
      const claims = await verifiedClaims(ledger, isTenant, name, request.query);
      if (!claims || claims.expiresAtMs < clock.now() || !isStream(request.body)) {
        throw new Problem('upload_refused');
      }
      app.bodies.take(request, Math.min(claims.sizeBytes * 3, STREAM_BYTES));
      const writer = await ledger.intake.uploads.writer(claims.tenant, claims.id, clock.now());
      if (!writer) throw new Problem('upload_refused');
      await receiveUpload(request.body, writer, claims.sizeBytes);
      log.info('upload.received', { tenant: claims.tenant, size_bytes: claims.sizeBytes });
      return reply.code(204).send();
    });
  });
}

const TAKES = { types: 'an image of any type', size: 'a body of the size that its URL is signed for' };

/** The declared type is not compared with the signed one: clients and browsers choose it themselves. */
function isStream(body: unknown): body is Readable {
  return typeof (body as Readable | undefined)?.on === 'function';
}
