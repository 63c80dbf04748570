/**
 * The baseline: a Fastify route that reads the same body and makes the same writes and one `queue.add`. It repeats the
 * observed writes of one real submit: same number, sizes and operations, each group after the previous one, because a
 * commit is worthless before what it commits. An option sends all writes at once to show the cost of this order. The
 * route validates nothing and knows no keys.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { memoryObjectStore, type ObjectStore } from '@cardseal/object-store';
import { seal } from '@cardseal/sealing';
import { Queue } from 'bullmq';
import fastify from 'fastify';
import { startCardseal } from './cardseal.ts';
import type { Target } from './running-target.ts';

interface Write {
  operation: 'create' | 'put';
  kind: string;
  sizeBytes: number;
}

/** The writes of one real submit in groups; writes of one group are in flight together. */
async function writesOfSubmit(redisUrl: string, image: Buffer): Promise<Write[][]> {
  const groups: Write[][] = [];
  let underWay = 0;
  const store = memoryObjectStore();
  const note = (operation: Write['operation']) => async (name: string, body: Buffer) => {
    if (underWay++ === 0) groups.push([]);
    groups.at(-1)!.push({ operation, kind: name.replace(/.*\//, '').replace(/^job_\w+/, ''), sizeBytes: body.length });
    // As slow as a remote store, so that simultaneous writes are visible as one group.
    await delay(20);
    const made = await store[operation](name, body);
    underWay--;
    return made as never;
  };
  const ours = await startCardseal({ ...store, create: note('create'), put: note('put') }, redisUrl);
  const submit = async () => {
    groups.length = 0;
    const headers = { authorization: `Bearer ${ours.key}`, 'content-type': 'image/jpeg' };
    const body = new Uint8Array(image);
    await fetch(`${ours.url}/v1/jobs?side=front`, { method: 'POST', headers, body });
  };
  // The first submit also creates the tenant's key.
  await submit();
  await submit();
  // Writes at shutdown do not belong to a submit.
  const seen = [...groups];
  await ours.stop();
  return seen;
}

export async function startBare(store: ObjectStore, redisUrl: string, image: Buffer, atOnce: boolean): Promise<Target> {
  const seen = await writesOfSubmit(redisUrl, image);
  const groups = atOnce ? [seen.flat()] : seen;
  const key = Buffer.alloc(32, 1);
  const queue = new Queue('bare', { connection: { url: redisUrl }, prefix: '{bare}' });
  const app = fastify({ bodyLimit: 50_000_000 });
  app.addContentTypeParser('image/jpeg', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  let made = 0;
  app.post('/v1/jobs', async (request, reply) => {
    const id = `job-${process.pid}-${made++}`;
    const image = seal(key, { tenant: 'bank', subject: id, kind: 'image' }, request.body as Buffer);
    for (const [at, group] of groups.entries()) {
      await Promise.all(
        group.map(({ operation, kind, sizeBytes }, nth) => {
          const body = sizeBytes === image.length ? image : Buffer.alloc(sizeBytes, made);
          return store[operation](`bare/${at}.${nth}/${id}${kind}`, body);
        }),
      );
    }
    await queue.add('card', { id }, { jobId: id, removeOnComplete: true });
    return reply.code(202).send({ id });
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  const stop = async () => void (await Promise.all([app.close(), queue.close()]));
  return { url: `http://127.0.0.1:${port}`, key: 'none', writes: groups.map(({ length }) => length), stop };
}
