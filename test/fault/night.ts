/**
 * A bad night: the real stack under load from clients that try again with the same key, as the contract tells them to;
 * and everything about it that the checker needs. Faults are done to it by the tests.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '@cardseal/core/clock';
import type { Failpoint, FailpointAction } from '@cardseal/core/failpoints';
import type { JobId } from '@cardseal/core/job';
import { openLedger, walk } from '@cardseal/core/ledger';
import type { StackOptions } from '@cardseal/dev';
import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { Redis } from 'ioredis';
import { startTestStack, startWebhookSink, type TestStack, type WebhookSink } from '../support/stack.ts';
import { bucketOf } from './bucket-copy.ts';
import { type Call, type Evidence, type ToldJob, violations } from './checker.ts';

const SPECIMENS = 6;
const TRY_AGAIN_MS = 200;
/** More calls than these can be on no worker's wire. */
export const ON_A_WIRE = 8;

export interface Night {
  app: TestStack;
  sink: WebhookSink;
  told: ToldJob[];
  redis: Redis;
  /** Submits until it is answered 202. */
  submit(): Promise<ToldJob>;
  submitMany(count: number): Promise<ToldJob[]>;
  /** Sends one request of its own key; resolves with the answered id, tries again like a client. */
  arm(point: Failpoint, action: FailpointAction): Promise<void>;
  /** Failpoints that nobody has met yet. */
  armed(): Promise<string[]>;
  storeFaults(rules: object[], seed?: number): Promise<void>;
  /** Resolves when the ledger owes nothing any more. Throws after `withinMs`. */
  quiet(withinMs: number): Promise<number>;
  check(limits: Pick<Evidence, 'allowedRepeats' | 'mayFail'>): Promise<string[]>;
  evidence(limits: Pick<Evidence, 'allowedRepeats' | 'mayFail'>): Promise<Evidence>;
  stop(): Promise<void>;
}

export async function startNight(options: Partial<StackOptions> & { seed: number }): Promise<Night> {
  const { seed, ...stackOptions } = options;
  const failpoints = await mkdtemp(path.join(tmpdir(), 'cardseal-failpoints-'));
  const [app, sink, specimens] = await Promise.all([
    startTestStack({
      workers: 2,
      baiduQps: 200,
      ...stackOptions,
      env: {
        LOCK_DURATION_MS: '5000',
        RECONCILE_INTERVAL_MS: '3000',
        RECOGNIZE_CONCURRENCY: String(ON_A_WIRE),
        FAILPOINTS_DIR: failpoints,
        ...stackOptions.env,
      },
    }),
    startWebhookSink(),
    Array.fromAsync(generateSpecimens({ count: SPECIMENS, seed, scenario: 'good', scale: 0.6 })),
  ]);
  const { body } = await app.call('POST', '/v1/webhook-endpoints', jsonBody({ url: sink.url }));
  sink.verifyWith(body.secret);
  await app.control('PUT', { latency_ms: { p50: 60, p99: 150 } });
  const told: ToldJob[] = [];
  const redis = new Redis(app.stack.info.redisUrl, { maxRetriesPerRequest: null });
  redis.on('error', () => {});
  let made = 0;

  async function submit(): Promise<ToldJob> {
    const specimen = specimens[made % SPECIMENS]!;
    const picture = unique(specimen.front, made++);
    const request = jsonBody({ front: { image: picture.toString('base64') } }, randomUUID());
    const id = await untilAccepted(app, request);
    const job = { id, pictureSha256: createHash('sha256').update(picture).digest('hex'), truth: frontOf(specimen) };
    told.push(job);
    return job;
  }

  async function evidence(limits: Pick<Evidence, 'allowedRepeats' | 'mayFail'>): Promise<Evidence> {
    const { info, env } = app.stack;
    const { endpoint, region, bucket, accessKeyId, secretAccessKey } = info.s3;
    const settings = { S3_ENDPOINT: endpoint, S3_REGION: region, S3_BUCKET: bucket, S3_FORCE_PATH_STYLE: true };
    const masterKey = await readFile(env.MASTER_KEY_FILE!);
    const calls = await (await fetch(`${info.emulatorUrl}/__control/calls`)).text();
    return {
      tenant: info.tenant,
      ledger: openLedger(settings, masterKey, systemClock, { accessKeyId, secretAccessKey }),
      bucket: bucketOf(app),
      told: [...told],
      calls: calls
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Call),
      delivered: sink.received
        .filter(({ type }) => type.startsWith('job.'))
        .map(({ id, raw, type, data }) => ({ id, raw, type, job: data.id })),
      ...limits,
    };
  }

  async function owed(): Promise<number> {
    const bucket = bucketOf(app);
    let count = 0;
    for (const prefix of ['pending/', 'undelivered/']) for await (const _ of walk(bucket, prefix)) count++;
    return count;
  }

  return {
    app,
    sink,
    told,
    redis,
    submit,
    submitMany: (count) => Promise.all(Array.from({ length: count }, submit)),
    arm: (point, action) => writeFile(path.join(failpoints, point), action),
    armed: () => readdir(failpoints),
    async storeFaults(rules, ruleSeed = seed) {
      const url = `${app.stack.info.s3.endpoint}/__control/faults?seed=${ruleSeed}`;
      const answer = await fetch(url, { method: 'PUT', body: JSON.stringify(rules) });
      if (!answer.ok) throw new Error(`store control: ${answer.status} ${await answer.text()}`);
    },
    async quiet(withinMs) {
      const startedMs = Date.now();
      // Polled: the ledger at rest is what is waited for, and nothing announces it.
      while ((await owed()) > 0) {
        if (Date.now() - startedMs > withinMs) throw new Error(`${await owed()} still owed after ${withinMs} ms`);
        await delay(TRY_AGAIN_MS);
      }
      return Date.now() - startedMs;
    },
    evidence,
    check: async (limits) => violations(await evidence(limits)),
    async stop() {
      redis.disconnect();
      await app.stop();
      await sink.stop();
      await rm(failpoints, { recursive: true, force: true });
    },
  };
}

export function jsonBody(body: object, idempotencyKey?: string): RequestInit {
  const key = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...key } };
}

async function untilAccepted(app: TestStack, request: RequestInit): Promise<JobId> {
  for (;;) {
    const answer = await app
      .call('POST', '/v1/jobs', { ...request, signal: AbortSignal.timeout(15_000) })
      .catch(() => null);
    if (answer?.status === 202) return answer.body.id;
    if (answer && answer.status < 500 && answer.status !== 429) throw new Error(`submit: ${answer.status}`);
    await delay(TRY_AGAIN_MS);
  }
}

/** The same picture with a comment of its own: another hash, another job, the same card. */
export function unique(jpeg: Buffer, n: number): Buffer {
  const text = Buffer.from(`card ${n}`);
  const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, text.length + 2]), text]);
  return Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]);
}

const BACK_FIELDS = ['issuing_authority', 'valid_from', 'valid_until', 'valid_long_term'];

function frontOf({ truth }: Specimen): Record<string, unknown> {
  return Object.fromEntries(Object.entries(truth.card).filter(([field]) => !BACK_FIELDS.includes(field)));
}
