/**
 * The mark: a Fastify route that reads the same body, makes the same five writes (as many bytes, created or put as
 * ours are, all at once) and one `queue.add`. It checks nothing, knows no keys and orders nothing.
 */
import type { ObjectStore } from '@cardseal/core/ledger';
import { seal } from '@cardseal/core/seal';
import { Queue } from 'bullmq';
import fastify from 'fastify';
import type { Target } from './target.ts';

/** Bytes of a wrapped key, of a marker's nonce and of a sealed request, as a submit of one side writes them. */
const SIZES = { key: 97, marker: 16, request: 560 };

export async function startBare(store: ObjectStore, redisUrl: string): Promise<Target> {
  const key = Buffer.alloc(32, 1);
  const queue = new Queue('bare', { connection: { url: redisUrl }, prefix: '{bare}' });
  const app = fastify({ bodyLimit: 50_000_000 });
  app.addContentTypeParser('image/jpeg', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  let made = 0;
  app.post('/v1/jobs', async (request, reply) => {
    const id = `job-${process.pid}-${made++}`;
    const image = seal(key, { tenant: 'bank', subject: id, kind: 'image' }, request.body as Buffer);
    await Promise.all([
      store.create(`bare/keys/${id}`, Buffer.alloc(SIZES.key, made)),
      store.create(`bare/pending/${id}`, Buffer.alloc(SIZES.marker, made)),
      store.create(`bare/jobs/${id}/front.image`, image),
      store.put(`bare/index/${id}`, Buffer.alloc(0)),
      store.create(`bare/jobs/${id}/request`, Buffer.alloc(SIZES.request, made)),
    ]);
    await queue.add('card', { id }, { jobId: id, removeOnComplete: true });
    return reply.code(202).send({ id });
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  const stop = async () => void (await Promise.all([app.close(), queue.close()]));
  return { url: `http://127.0.0.1:${port}`, key: 'none', stop };
}
