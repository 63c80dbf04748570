/** The real stack in a temporary folder, with clients for the API and the emulator's control and a webhook receiver. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { readStore, type Stack, type StackOptions, type StoreInfo, startStack } from '@cardseal/dev';
import { Webhook } from 'standardwebhooks';
import { Agent, setGlobalDispatcher } from 'undici';

const TRY_AGAIN_MS = 500;
const TRY_AGAIN_FOR_MS = 30_000;

// Tests have hundreds of requests in flight; the default agent's timeouts are too short for them.
setGlobalDispatcher(new Agent({ headersTimeout: 120_000, connections: 256 }));

// biome-ignore lint/suspicious/noExplicitAny: tests assert the members that they use
type Body = any;

export interface TestStack {
  stack: Stack;
  dataDir: string;
  /** Returns status and body; throws only without a response. */
  call(method: string, route: string, init?: RequestInit): Promise<{ status: number; body: Body }>;
  /** Submits both sides as JSON and returns the job. */
  submit(sides: { front?: Buffer; back?: Buffer }, terms?: object): Promise<Body>;
  /** Long-polls until the job has ended. */
  finished(job: string): Promise<Body>;
  control(method: string, change?: object): Promise<Body>;
  stats(): Promise<Record<string, number>>;
  stop(options?: { keep?: boolean }): Promise<void>;
}

export async function startTestStack(options: Partial<StackOptions> = {}): Promise<TestStack> {
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'cardseal-test-')));
  const s3 = options.s3 ?? (await foreignStore());
  const stack = await startStack({
    ...options,
    ...(s3 ? { s3 } : {}),
    dataDir,
    env: { ...process.env, LOG_LEVEL: 'debug', ...options.env },
  });
  const { info } = stack;

  async function call(method: string, route: string, init: RequestInit = {}) {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${info.apiKey}`);
    const response = await fetch(info.apiUrl + route, { ...init, method, headers });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  }

  async function control(method: string, change?: object) {
    const init = change ? { body: JSON.stringify(change), headers: { 'content-type': 'application/json' } } : {};
    const response = await fetch(`${info.emulatorUrl}/__control`, { method, ...init });
    if (!response.ok) throw new Error(`control: ${response.status} ${await response.text()}`);
    return response.text();
  }

  return {
    stack,
    dataDir,
    call,
    control,
    async submit({ front, back }, terms = {}) {
      const source = (bytes: Buffer | undefined) => bytes && { image: bytes.toString('base64') };
      const body = JSON.stringify({ front: source(front), back: source(back), ...terms });
      const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() };
      const deadlineMs = Date.now() + TRY_AGAIN_FOR_MS;
      let answer = await call('POST', '/v1/jobs', { body, headers });
      // A slow store under a burst gives 503: nothing was accepted, and the contract says to repeat the request.
      while (answer.status === 503 && Date.now() < deadlineMs) {
        await delay(TRY_AGAIN_MS);
        answer = await call('POST', '/v1/jobs', { body, headers });
      }
      if (answer.status !== 202) throw new Error(`submit: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
    async finished(job) {
      for (;;) {
        const { body } = await call('GET', `/v1/jobs/${job}?wait=30`);
        if (body.finished_at) return body;
      }
    },
    async stats() {
      return (await fetch(`${info.emulatorUrl}/__control/stats`)).json() as Promise<Record<string, number>>;
    },
    async stop({ keep = false } = {}) {
      await stack.stop();
      if (!keep) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** When `S3_ENDPOINT` names a store, the stack uses a new bucket there instead of the double. */
async function foreignStore(): Promise<StoreInfo | undefined> {
  const store = readStore(process.env, `cardseal-e2e-${randomUUID()}`);
  if (!store) return undefined;
  const { endpoint, region, accessKeyId, secretAccessKey } = store;
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  await client.send(new CreateBucketCommand({ Bucket: store.bucket }));
  client.destroy();
  return store;
}

interface Received {
  id: string;
  endpoint: string;
  raw: string;
  type: string;
  data: Body;
}

export interface WebhookSink {
  url: string;
  received: Received[];
  /** Status codes for the next requests; 204 when the list is empty. */
  answers: number[];
  verifyWith(secret: string): void;
  /** Resolves with the events of a job once there are at least `count`. */
  events(job: string, count?: number): Promise<Received[]>;
  stop(): Promise<void>;
}

/** A consumer that verifies every request with the reference library and rejects requests that do not verify. */
export async function startWebhookSink(): Promise<WebhookSink> {
  const received: Received[] = [];
  const answers: number[] = [];
  const waiting = new Set<() => void>();
  let webhook: Webhook | undefined;
  const server = createServer(async (request, response) => {
    const raw = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString();
    webhook?.verify(raw, request.headers as Record<string, string>);
    const status = answers.shift() ?? 204;
    response.writeHead(status).end();
    const { type, data } = JSON.parse(raw);
    received.push({ id: request.headers['webhook-id'] as string, endpoint: request.url ?? '', raw, type, data });
    for (const check of waiting) check();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    received,
    answers,
    verifyWith(secret) {
      webhook = new Webhook(secret);
    },
    events(job, count = 1) {
      const { promise, resolve } = Promise.withResolvers<Received[]>();
      const check = () => {
        const found = received.filter(({ data }) => data.id === job);
        if (found.length < count) return;
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      check();
      return promise;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
