/** Batches: accepted as a stream, returned as a stream. */
import { Readable } from 'node:stream';
import { type BatchId, isBatchId } from '@cardseal/core/ledger';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { BatchLoop } from '../../background/batches/batch-loop.ts';
import type { ApiContext } from '../../context.ts';
import type { Authenticate, Caller } from '../../http/auth/index.ts';
import { idempotencyKeyOf } from '../../http/idempotency/index.ts';
import { describeTakes } from '../../http/parsers/index.ts';
import { Problem } from '../../http/problems/index.ts';
import { checkCharset } from '../../http/text/index.ts';
import { acceptBatch } from './accept.ts';
import { type BatchResult, batchResults, readBatch } from './read-batch.ts';
import { MAX_LINE_BYTES, MAX_LINES } from './read-lines.ts';

export const BATCH_TYPES = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'] as const;

/** A line in all its copies, and the lines that wait for their chunk of the manifest, however long the batch is. */
const STREAM_BYTES = 8 * 1024 * 1024;

export function batchRoutes(
  app: FastifyInstance,
  context: ApiContext,
  authenticate: Authenticate,
  keeper: Pick<BatchLoop, 'take'>,
): void {
  const { ledger } = context;

  app.register(async (streaming) => {
    const callers = new WeakMap<FastifyRequest, Caller>();
    streaming.removeAllContentTypeParsers();
    streaming.addContentTypeParser([...BATCH_TYPES], async ({ headers }: FastifyRequest, payload: Readable) => {
      checkCharset(headers['content-type']);
      return payload;
    });
    streaming.post(
      '/v1/batches',
      {
        config: { takes: TAKES, body: 'batch' },
        onRequest: async (request) => {
          callers.set(request, await authenticate(request, 'jobs:write'));
          app.bodies.take(request, STREAM_BYTES);
        },
      },
      async (request, reply) => {
        const caller = callers.get(request)!;
        if (!(request.body instanceof Readable))
          throw new Problem('unsupported_media_type', describeTakes(request, 'types'));
        const { id, round } = await acceptBatch(context, caller, request.body, idempotencyKeyOf(request));
        if (round) keeper.take(round);
        const batch = await readBatch(context, caller.tenant, id);
        return reply.code(202).header('location', `/v1/batches/${id}`).send(batch);
      },
    );
  });

  app.get('/v1/batches/:id', async (request) => {
    const { tenant } = await authenticate(request, 'jobs:read');
    return present(await readBatch(context, tenant, batchIdOf(request)));
  });

  app.get('/v1/batches/:id/results', async (request, reply) => {
    const caller = await authenticate(request, 'jobs:read');
    const id = batchIdOf(request);
    const head = present(await ledger.intake.batches.head(caller.tenant, id));
    const lines = Readable.from(asLines(batchResults(context, caller, id, head)));
    return reply.type('application/x-ndjson').header('cache-control', 'private, no-store').send(lines);
  });

  app.post('/v1/batches/:id/cancel', async (request) => {
    const { tenant } = await authenticate(request, 'jobs:write');
    const id = batchIdOf(request);
    present(await ledger.intake.batches.head(tenant, id));
    await ledger.intake.batches.askToCancel(tenant, id);
    return readBatch(context, tenant, id);
  });
}

const TAKES = {
  types: `a body of one of the types ${BATCH_TYPES.join(', ')}, with one job request per line`,
  size: `at most ${MAX_LINES} lines of at most ${MAX_LINE_BYTES} bytes each`,
};

async function* asLines(results: AsyncGenerator<BatchResult>): AsyncGenerator<string> {
  for await (const result of results) yield `${JSON.stringify(result)}\n`;
}

function batchIdOf(request: FastifyRequest): BatchId {
  const { id } = request.params as { id: string };
  if (!isBatchId(id)) throw new Problem('not_found');
  return id;
}

function present<T>(value: T | null): T {
  if (value === null) throw new Problem('not_found');
  return value;
}
