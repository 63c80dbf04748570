/**
 * Writes outcomes with pending deliveries directly into the ledger of a running stack, without jobs that were
 * recognised.
 */
import { readFileSync } from 'node:fs';
import { systemClock } from '@cardseal/base/clock';
import { newId, newJobId } from '@cardseal/core/job';
import { type DeliveryRef, type EventType, type Ledger, openLedger } from '@cardseal/core/ledger';
import { connectRedis, createJobQueue } from '@cardseal/core/queue';
import { eventIdFor, newSecret } from '@cardseal/webhook';
import type { TestStack } from './stack.ts';

export interface PendingDeliveries {
  ledger: Ledger;
  /** Creates an endpoint of the stack's tenant, by default for all events. It sends no test event. */
  endpoint(url: string, events?: EventType[]): Promise<{ id: string; secret: string }>;
  /** Decides a new job, enqueues its event for the endpoints and returns the job id. */
  add(endpoints: readonly string[]): Promise<string>;
  /** Decides a new job without enqueueing its deliveries. */
  decide(endpoints: readonly string[]): Promise<DeliveryRef[]>;
  enqueue(refs: readonly DeliveryRef[]): Promise<void>;
  close(): Promise<void>;
}

export function createPendingDeliveries({ stack }: TestStack): PendingDeliveries {
  const { env, info } = stack;
  const { accessKeyId, secretAccessKey } = info.s3;
  const ledger = openLedger(
    { S3_ENDPOINT: info.s3.endpoint, S3_REGION: info.s3.region, S3_BUCKET: info.s3.bucket, S3_FORCE_PATH_STYLE: true },
    masterKey(readFileSync(env.MASTER_KEY_FILE!)),
    systemClock,
    { accessKeyId, secretAccessKey },
  );
  const redis = connectRedis(info.redisUrl, 'producer');
  const jobQueue = createJobQueue(redis, env.QUEUE_PREFIX ?? '{cardseal}', { weightOf: async () => 1 });
  const { tenant } = info;
  return {
    ledger,
    async endpoint(url, events) {
      const id = newId('we', Date.now());
      const secret = newSecret();
      await ledger.tenants.endpoints.create(tenant, id, endpointOf(url, secret, events));
      return { id, secret };
    },
    async decide(endpoints) {
      const atMs = Date.now();
      const job = newJobId(atMs);
      const body = JSON.stringify({
        type: 'job.succeeded',
        timestamp: new Date(atMs).toISOString(),
        data: { id: job },
      });
      const sealed = await ledger.jobs.start(tenant, job);
      const eventId = eventIdFor({ tenant, subject: job, generation: 1, type: 'job.succeeded' });
      await sealed.decide({
        v: 1,
        generation: 1,
        state: 'succeeded',
        code: '-',
        atMs,
        eventId,
        full: body,
        reference: body,
      });
      const refs = endpoints.map((endpoint) => ({ tenant, job, generation: 1, endpoint }));
      await Promise.all(refs.map((ref) => ledger.jobs.markers.owe(ref)));
      return refs;
    },
    // While Redis is away, the reconciler finds the markers instead.
    enqueue: (refs) => jobQueue.addDeliveries(refs.map((ref) => ({ ref }))).catch(() => {}),
    async add(endpoints) {
      const refs = await this.decide(endpoints);
      await this.enqueue(refs);
      return refs[0]!.job;
    },
    async close() {
      await jobQueue.close();
      redis.disconnect();
    },
  };
}

function endpointOf(url: string, secret: string, events: EventType[] | undefined) {
  return {
    url,
    events: events ?? null,
    payload: 'full' as const,
    publicKey: null,
    headers: {},
    state: 'enabled' as const,
    secrets: [{ secret, untilMs: null }],
    createdAtMs: Date.now(),
  };
}

function masterKey(file: Buffer): Buffer {
  return file.length === 32 ? file : Buffer.from(file.toString().trim(), 'base64');
}
