/** The environment of a pacing run: a private Redis, an image server, the receiver, and workers that can be killed. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { Arrival, ReceiverOrder } from './receiver.ts';
import type { Mode, WorkerOrder } from './worker.ts';

const here = (name: string) => path.join(import.meta.dirname, name);

export class PacingEnvironment {
  readonly redis: Redis;
  readonly #redisServer: ChildProcess;
  readonly #redisPort: number;
  readonly #images: Server;
  readonly #receiver: ChildProcess;
  readonly #receiverPort: number;
  #workers: ChildProcess[] = [];

  constructor(
    redisServer: ChildProcess,
    redisPort: number,
    images: Server,
    receiver: ChildProcess,
    receiverPort: number,
  ) {
    this.#redisServer = redisServer;
    this.#redisPort = redisPort;
    this.#images = images;
    this.#receiver = receiver;
    this.#receiverPort = receiverPort;
    this.redis = new Redis({ port: redisPort, host: '127.0.0.1', maxRetriesPerRequest: null });
  }

  static async open(): Promise<PacingEnvironment> {
    const redisPort = await freePort();
    const redisServer = spawn('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '']);
    for await (const chunk of redisServer.stdout) if (String(chunk).includes('Ready to accept')) break;
    redisServer.stdout.resume();
    const picture = randomBytes(60_000);
    const images = createServer((_request, response) => response.end(picture)).listen(0, '127.0.0.1');
    await once(images, 'listening');
    const receiver = fork(here('receiver.ts'));
    const [{ port }] = (await once(receiver, 'message')) as [{ port: number }];
    return new PacingEnvironment(redisServer, redisPort, images, receiver, port);
  }

  order(order: ReceiverOrder): void {
    this.#receiver.send(order);
  }

  async report(): Promise<Arrival[]> {
    const answered = once(this.#receiver, 'message');
    this.#receiver.send('report');
    const [{ arrivals }] = (await answered) as [{ arrivals: Arrival[] }];
    return arrivals;
  }

  /** Empties Redis, fills the queue if the mode has one, and starts the workers. */
  async start(mode: Mode, qps: number, workers: number, seconds: number, allowProbeUp = false): Promise<void> {
    await this.redis.flushall();
    if (mode.startsWith('bullmq')) await this.#fill(Math.ceil(qps * seconds * 1.5) + 200);
    const imagesPort = (this.#images.address() as AddressInfo).port;
    const ports = { redisPort: this.#redisPort, receiverPort: this.#receiverPort, imagesPort };
    const order: WorkerOrder = { mode, qps, workers, allowProbeUp, ...ports };
    this.#workers = Array.from({ length: workers }, () => fork(here('worker.ts'), [JSON.stringify(order)]));
  }

  async #fill(jobs: number): Promise<void> {
    const queue = new Queue('bench', { connection: { port: this.#redisPort, host: '127.0.0.1' } });
    const opts = { attempts: 1000, backoff: { type: 'custom' }, removeOnComplete: true };
    await queue.addBulk(Array.from({ length: jobs }, () => ({ name: 'card', data: {}, opts })));
    await queue.close();
  }

  async stopWorkers(): Promise<void> {
    const ended = this.#workers.map((worker) => once(worker, 'exit'));
    for (const worker of this.#workers) worker.kill('SIGKILL');
    await Promise.all(ended);
    this.#workers = [];
  }

  async close(): Promise<void> {
    await this.stopWorkers();
    this.redis.disconnect();
    this.#images.closeAllConnections();
    this.#images.close();
    this.#receiver.disconnect();
    this.#redisServer.kill('SIGTERM');
    await Promise.all([once(this.#receiver, 'exit'), once(this.#redisServer, 'exit')]);
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
