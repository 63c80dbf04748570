/**
 * One worker process of the pacing bench: fetches an image, encrypts and encodes it, waits for its turn and calls. Only
 * the waiting differs between the pacers. It runs until it is killed, because the backlog is endless.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ThrottledError } from '@cardseal/base/errors';
import { createPacer } from '@cardseal/pacer';
import { aesSealer } from '@cardseal/providers/baidu';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { Pool } from 'undici';

export type Mode = 'cardseal' | 'bullmq-per-second' | 'bullmq-one-per-interval' | 'backoff';

export interface WorkerOrder {
  mode: Mode;
  qps: number;
  workers: number;
  redisPort: number;
  receiverPort: number;
  imagesPort: number;
  allowProbeUp: boolean;
}

const order = JSON.parse(process.argv[2]!) as WorkerOrder;
/** Little's law with the mean latency of 343 ms, plus as many jobs in preparation or waiting for a slot. */
const concurrency = Math.ceil((order.qps * 0.8) / order.workers) + 10;
const upstream = new Pool(`http://127.0.0.1:${order.receiverPort}`, { connections: concurrency * 2, pipelining: 1 });
const images = new Pool(`http://127.0.0.1:${order.imagesPort}`, { connections: concurrency });
const sealer = aesSealer('0123456789abcdef');

async function prepare(): Promise<Buffer> {
  const { body } = await images.request({ path: '/picture', method: 'GET' });
  const sealed = await sealer.seal(new Uint8Array(await body.arrayBuffer()), 'front', {});
  return sealed.body;
}

/** Whether the call was accepted. */
async function call(form: Buffer, slotMs = 0): Promise<boolean> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-slot': String(slotMs) };
  const { body } = await upstream.request({ path: '/', method: 'POST', body: form, headers });
  const reply = (await body.json()) as { error_code?: number };
  return reply.error_code === undefined;
}

async function cardseal(): Promise<void> {
  const redis = new Redis({ port: order.redisPort, host: '127.0.0.1', maxRetriesPerRequest: null });
  const credentials = [{ id: 'bench', qps: order.qps }];
  const options = { allowProbeUp: order.allowProbeUp };
  const pacer = createPacer({ redis, prefix: 'bench', credentials, options });
  const one = async () => {
    for (;;) {
      const form = await prepare();
      for (;;) {
        const permit = await pacer.acquire({ maxWaitMs: 5000 }).catch(backLater);
        if (!permit) continue;
        permit.sent();
        const accepted = await call(form, permit.slotMs);
        await permit.settle({ kind: accepted ? 'accepted' : 'refused_qps' });
        if (accepted) break;
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, one));
}

async function backLater(error: unknown): Promise<undefined> {
  if (!(error instanceof ThrottledError)) throw error;
  await delay(error.retryAfterMs);
}

async function bullmq(limiter: { max: number; duration: number }): Promise<void> {
  const connection = { port: order.redisPort, host: '127.0.0.1', maxRetriesPerRequest: null };
  const process = async () => {
    if (!(await call(await prepare()))) throw new Error('refused');
  };
  const backoffStrategy = (made: number) => Math.random() * Math.min(10_000, 200 * 2 ** made);
  const worker = new Worker('bench', process, { connection, concurrency, limiter, settings: { backoffStrategy } });
  worker.on('error', () => undefined);
  await worker.waitUntilReady();
}

async function backoff(): Promise<void> {
  const one = async () => {
    for (;;) {
      const form = await prepare();
      for (let refused = 0; !(await call(form)); refused++) {
        await delay(Math.random() * Math.min(10_000, 200 * 2 ** refused));
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, one));
}

process.title = `pacing-bench-${randomUUID().slice(0, 8)}`;
process.on('disconnect', () => process.exit(0));
if (order.mode === 'cardseal') await cardseal();
else if (order.mode === 'backoff') await backoff();
else if (order.mode === 'bullmq-per-second') await bullmq({ max: order.qps, duration: 1000 });
else await bullmq({ max: 1, duration: 1000 / order.qps });
