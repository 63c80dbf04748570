/**
 * The bare operations of one job, each measured alone: the request, the writes before the webhook
 * (docs/understand/ledger.md), two passes through a queue, and the delivery. No reads, sealing, encryption or permits,
 * because these are the cost of this project.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DevInfo } from '@cardseal/dev';
import { createS3Client, s3ObjectStore } from '@cardseal/object-store';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { Agent } from 'undici';

export interface BareOperations {
  /** Milliseconds of each operation, measured one after the other. */
  measure(): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

/** Names and sizes of the writes of one job with one endpoint before its webhook; `image` has the size of the image. */
const WRITES = { marker: 40, key: 97, image: 0, request: 560, reply: 2600, outcome: 6000, index: 0, undelivered: 0 };
const BODY_BYTES = 3000;

export async function startBareOperations(info: DevInfo, image: Buffer): Promise<BareOperations> {
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = info.s3;
  const credentials = { accessKeyId, secretAccessKey };
  const client = createS3Client({ endpoint, region, forcePathStyle: true, credentials });
  const store = s3ObjectStore(client, bucket);
  const connection = new Redis(info.redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue('bare', { connection, prefix: '{bare}' });
  let picked = () => {};
  const worker = new Worker('bare', async () => picked(), { connection, prefix: '{bare}' });
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(204).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const agent = new Agent();
  let n = 0;

  async function send(body: Buffer): Promise<void> {
    const answer = await agent.request({ origin: url, path: '/', method: 'POST', body });
    await answer.body.dump();
  }
  async function queueTrip(): Promise<void> {
    const start = new Promise<void>((resolve) => {
      picked = resolve;
    });
    await queue.add('card', { n }, { removeOnComplete: true });
    await start;
  }

  return {
    async measure() {
      n++;
      const took: Record<string, number> = { request: await timed(() => send(image)) };
      for (const [name, sizeBytes] of Object.entries(WRITES)) {
        const body = name === 'image' ? image : Buffer.alloc(sizeBytes, n);
        took[`write ${name}`] = await timed(() => store.create(`bare/${n}/${name}`, body));
      }
      took['queue, card'] = await timed(queueTrip);
      took['queue, delivery'] = await timed(queueTrip);
      took.delivery = await timed(() => send(Buffer.alloc(BODY_BYTES, 1)));
      return took;
    },
    async stop() {
      await worker.close();
      await queue.close();
      connection.disconnect();
      client.destroy();
      await agent.close();
      server.close();
    },
  };
}

async function timed(operation: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await operation();
  return performance.now() - startedMs;
}
