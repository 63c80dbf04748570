/**
 * The mark: a Fastify route that reads the same body, makes the same writes and one `queue.add`. The writes are those
 * that were seen of one submit of ours: as many, as long, created or put as they were, but all at once. It checks
 * nothing, knows no keys and orders nothing.
 */
import { memoryObjectStore, type ObjectStore } from '@cardseal/core/ledger';
import { seal } from '@cardseal/core/seal';
import { Queue } from 'bullmq';
import fastify from 'fastify';
import { startCardseal } from './cardseal.ts';
import type { Target } from './target.ts';

interface Write {
  operation: 'create' | 'put';
  kind: string;
  sizeBytes: number;
}

/** What one submit of ours writes. */
async function writesOfSubmit(redisUrl: string, picture: Buffer): Promise<Write[]> {
  const writes: Write[] = [];
  const store = memoryObjectStore();
  const note = (operation: Write['operation']) => (name: string, body: Buffer) => {
    writes.push({ operation, kind: name.replace(/.*\//, '').replace(/^job_\w+/, ''), sizeBytes: body.length });
    return store[operation](name, body) as Promise<never>;
  };
  const ours = await startCardseal({ ...store, create: note('create'), put: note('put') }, redisUrl);
  const submit = async () => {
    writes.length = 0;
    const headers = { authorization: `Bearer ${ours.key}`, 'content-type': 'image/jpeg' };
    const body = new Uint8Array(picture);
    await fetch(`${ours.url}/v1/jobs?side=front`, { method: 'POST', headers, body });
  };
  // The first makes the tenant's key as well.
  await submit();
  await submit();
  await ours.stop();
  return writes;
}

export async function startBare(store: ObjectStore, redisUrl: string, picture: Buffer): Promise<Target> {
  const writes = await writesOfSubmit(redisUrl, picture);
  const key = Buffer.alloc(32, 1);
  const queue = new Queue('bare', { connection: { url: redisUrl }, prefix: '{bare}' });
  const app = fastify({ bodyLimit: 50_000_000 });
  app.addContentTypeParser('image/jpeg', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  let made = 0;
  app.post('/v1/jobs', async (request, reply) => {
    const id = `job-${process.pid}-${made++}`;
    const image = seal(key, { tenant: 'bank', subject: id, kind: 'image' }, request.body as Buffer);
    await Promise.all(
      writes.map(({ operation, kind, sizeBytes }, at) => {
        const body = sizeBytes === image.length ? image : Buffer.alloc(sizeBytes, made);
        return store[operation](`bare/${at}/${id}${kind}`, body);
      }),
    );
    await queue.add('card', { id }, { jobId: id, removeOnComplete: true });
    return reply.code(202).send({ id });
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  const stop = async () => void (await Promise.all([app.close(), queue.close()]));
  return { url: `http://127.0.0.1:${port}`, key: 'none', writes: writes.length, stop };
}
