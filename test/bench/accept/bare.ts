/**
 * The mark: a Fastify route that reads the same body, makes the same writes and one `queue.add`. The writes are those
 * that were seen of one submit of ours: as many, as long, created or put as they were, and each when those before it
 * are done, since the commit counts for nothing before what it commits; or, to see what that order costs, all at once.
 * It checks nothing and knows no keys.
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

/** What one submit of ours writes, in groups: those of one group are on their way together. */
async function writesOfSubmit(redisUrl: string, picture: Buffer): Promise<Write[][]> {
  const groups: Write[][] = [];
  let underWay = 0;
  const store = memoryObjectStore();
  const note = (operation: Write['operation']) => async (name: string, body: Buffer) => {
    if (underWay++ === 0) groups.push([]);
    groups.at(-1)!.push({ operation, kind: name.replace(/.*\//, '').replace(/^job_\w+/, ''), sizeBytes: body.length });
    // As long as a store takes that is not in memory, so that what goes together is seen together.
    await delay(20);
    const made = await store[operation](name, body);
    underWay--;
    return made as never;
  };
  const ours = await startCardseal({ ...store, create: note('create'), put: note('put') }, redisUrl);
  const submit = async () => {
    groups.length = 0;
    const headers = { authorization: `Bearer ${ours.key}`, 'content-type': 'image/jpeg' };
    const body = new Uint8Array(picture);
    await fetch(`${ours.url}/v1/jobs?side=front`, { method: 'POST', headers, body });
  };
  // The first makes the tenant's key as well.
  await submit();
  await submit();
  // What the process writes as it ends is no part of a submit.
  const seen = [...groups];
  await ours.stop();
  return seen;
}

export async function startBare(
  store: ObjectStore,
  redisUrl: string,
  picture: Buffer,
  atOnce: boolean,
): Promise<Target> {
  const seen = await writesOfSubmit(redisUrl, picture);
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
