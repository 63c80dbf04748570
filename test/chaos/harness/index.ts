/**
 * A bad night: the real stack under load from several tenants that try again with the same key, as the contract tells
 * them to; and everything about it that the checker needs. Faults are done to it by the tests.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '@cardseal/base/clock';
import type { Failpoint, FailpointAction } from '@cardseal/core/failpoints';
import { type Ledger, openLedger } from '@cardseal/core/ledger';
import { freePort, type StackOptions } from '@cardseal/dev';
import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { scan } from '@cardseal/object-store';
import { Redis } from 'ioredis';
import { startTestStack, type TestStack } from '../../support/stack.ts';
import { bucketOf } from '../bucket-copy.ts';
import { type Call, type Evidence, type Incident, type ToldJob, violations } from '../checker/index.ts';
import { ask, type Client, createClients, jsonBody, untilAccepted } from './clients.ts';
import { type Inbox, startInbox } from './inbox.ts';
import { lostLocks } from './lost-locks.ts';
import { type VitalsWatch, watchVitals } from './vitals.ts';

export { ask, type Client, jsonBody } from './clients.ts';

const SPECIMENS = 6;
const LOOK_AGAIN_MS = 200;
/** Of how many cards a foreign tenant tries to read. */
const FOREIGN_READS = 40;
/** More calls than these can be on no worker's wire. */
export const ON_A_WIRE = 8;

export interface Submission {
  picture?: Buffer;
  /** By its place among the tenants; turns about by default. */
  client?: number;
  terms?: object;
}

export interface Night {
  app: TestStack;
  inbox: Inbox;
  clients: readonly Client[];
  told: ToldJob[];
  incidents: Incident[];
  redis: Redis;
  ledger: Ledger;
  vitals: VitalsWatch;
  /** PendingSubmissions until it is answered 202. */
  submit(submission?: Submission): Promise<ToldJob>;
  submitMany(count: number): Promise<ToldJob[]>;
  /** Writes into the log of what was done. The incident lasts until `work` is over. */
  during<T>(incident: Pick<Incident, 'kind'> & Partial<Incident>, work: (noted: Incident) => Promise<T>): Promise<T>;
  /** The next process that comes to the point does it. */
  arm(point: Failpoint, action: FailpointAction): Promise<void>;
  /** Failpoints that nobody has met yet. */
  armed(): Promise<string[]>;
  failpointsDir: string;
  storeFaults(rules: object[], seed?: number): Promise<void>;
  /** Resolves with the milliseconds it took until the ledger owed nothing any more. Throws after `withinMs`. */
  quiet(withinMs: number): Promise<number>;
  check(): Promise<string[]>;
  evidence(): Promise<Evidence>;
  stop(): Promise<void>;
}

export interface NightOptions extends Partial<StackOptions> {
  seed: number;
  tenants?: number;
  /** A client that finds Redis where the stack's URL alone does not lead; ended with the night. */
  redis?: Redis;
}

export async function startNight({ seed, tenants = 1, redis: given, ...stackOptions }: NightOptions): Promise<Night> {
  const failpointsDir = await mkdtemp(path.join(tmpdir(), 'cardseal-failpoints-'));
  const [api, admin, emulator, s3] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const [app, inbox, specimens] = await Promise.all([
    startTestStack({
      workers: 2,
      baiduQps: 200,
      ...stackOptions,
      // Nights run beside each other, and their processes die: a port must still be free when its owner comes back.
      ports: { api, admin, emulator, s3, ...stackOptions.ports },
      env: {
        LOCK_DURATION_MS: '5000',
        RECONCILE_INTERVAL_MS: '3000',
        RECOGNIZE_CONCURRENCY: String(ON_A_WIRE),
        FAILPOINTS_DIR: failpointsDir,
        ...stackOptions.env,
      },
    }),
    startInbox(),
    Array.fromAsync(generateSpecimens({ count: SPECIMENS, seed, scenario: 'good', scale: 0.6 })),
  ]);
  const ledger = await ledgerOf(app);
  const clients = await createClients(app, ledger, inbox, tenants);
  await app.control('PUT', { latency_ms: { p50: 60, p99: 150 } });
  const redis = given ?? new Redis(app.stack.info.redisUrl, { maxRetriesPerRequest: null });
  redis.on('error', () => {});
  const told: ToldJob[] = [];
  const incidents: Incident[] = [];
  const open = () => told.length - told.reduce((count, { id }) => count + (inbox.jobs.has(id) ? 1 : 0), 0) + submitting;
  const vitals = watchVitals(app.stack, redis, open);
  let made = 0;
  let submitting = 0;

  async function submit({ picture, client, terms }: Submission = {}): Promise<ToldJob> {
    const n = made++;
    const specimen = specimens[n % SPECIMENS]!;
    const front = picture ?? unique(specimen.front, n);
    const by = clients[(client ?? n) % clients.length]!;
    const request = jsonBody({ front: { image: front.toString('base64') }, ...terms }, randomUUID());
    submitting++;
    try {
      const id = await untilAccepted(app, by, request);
      const pictureSha256 = createHash('sha256').update(front).digest('hex');
      const truth = picture ? null : frontOf(specimen);
      const job = { id, tenant: by.tenant, toldAtMs: Date.now(), pictureSha256, truth };
      told.push(job);
      return job;
    } finally {
      submitting--;
    }
  }

  async function owed(): Promise<number> {
    const bucket = bucketOf(app);
    let count = 0;
    for (const prefix of ['pending/', 'undelivered/']) for await (const _ of scan(bucket, prefix)) count++;
    return count;
  }

  async function evidence(): Promise<Evidence> {
    const calls = await (await fetch(`${app.stack.info.emulatorUrl}/__control/calls`)).text();
    return {
      ledger,
      bucket: bucketOf(app),
      told: [...told],
      incidents: [...incidents, ...(await lostLocks(app, ON_A_WIRE))],
      calls: calls.split('\n').filter(Boolean).map(asCall),
      arrived: [...inbox.arrived],
      foreignReads: await readAsOthers(app, clients, told),
      vitals: vitals.vitals(),
      queueSamples: vitals.queueSamples,
      queuedAtRest: await restOfQueues(vitals),
    };
  }

  return {
    app,
    inbox,
    clients,
    told,
    incidents,
    redis,
    ledger,
    vitals,
    failpointsDir,
    submit,
    submitMany: (count) => Promise.all(Array.from({ length: count }, () => submit())),
    async during({ kind, wires = 0, fails = [] }, work) {
      const incident: Incident = { kind, wires, fails, fromMs: Date.now(), toMs: Number.POSITIVE_INFINITY };
      incidents.push(incident);
      try {
        return await work(incident);
      } finally {
        incident.toMs = Date.now();
      }
    },
    arm: (point, action) => writeFile(path.join(failpointsDir, point), action),
    armed: () => readdir(failpointsDir),
    async storeFaults(rules, ruleSeed = seed) {
      const url = `${app.stack.info.s3.endpoint}/__control/faults?seed=${ruleSeed}`;
      const answer = await fetch(url, { method: 'PUT', body: JSON.stringify(rules) });
      if (!answer.ok) throw new Error(`store control: ${answer.status} ${await answer.text()}`);
    },
    async quiet(withinMs) {
      const startedMs = Date.now();
      // Polled: the ledger at rest is what is waited for, and nothing announces it.
      for (;;) {
        const left = await owed().catch(() => Number.NaN);
        if (left === 0) return Date.now() - startedMs;
        if (Date.now() - startedMs > withinMs) throw new Error(`${left} still owed after ${withinMs} ms`);
        await delay(LOOK_AGAIN_MS);
      }
    },
    evidence,
    check: async () => violations(await evidence()),
    async stop() {
      vitals.stop();
      redis.disconnect();
      await app.stop();
      await inbox.stop();
      await rm(failpointsDir, { recursive: true, force: true });
    },
  };
}

async function ledgerOf({ stack: { info, env } }: TestStack): Promise<Ledger> {
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = info.s3;
  const settings = { S3_ENDPOINT: endpoint, S3_REGION: region, S3_BUCKET: bucket, S3_FORCE_PATH_STYLE: true };
  return openLedger(settings, await readFile(env.MASTER_KEY_FILE!), systemClock, { accessKeyId, secretAccessKey });
}

/** Some cards of every tenant, asked for by the tenant after it. */
async function readAsOthers(app: TestStack, clients: readonly Client[], told: readonly ToldJob[]) {
  if (clients.length < 2) return [];
  const step = Math.max(1, Math.floor(told.length / FOREIGN_READS));
  const some = told.filter((_, at) => at % step === 0);
  return Promise.all(
    some.map(async ({ id, tenant }) => {
      const owner = clients.findIndex((client) => client.tenant === tenant);
      const other = clients[(owner + 1) % clients.length]!;
      const { status } = await ask(app, other, 'GET', `/v1/jobs/${id}`);
      return { job: id, asked: other.tenant, status };
    }),
  );
}

const REST_OF_QUEUES_MS = 30_000;

/** The queues may lag behind the ledger: what is left in them is looked at, found finished, and dropped. */
async function restOfQueues(vitals: VitalsWatch): Promise<number> {
  const deadlineMs = Date.now() + REST_OF_QUEUES_MS;
  for (;;) {
    const left = await vitals.queued();
    if (left === 0 || Date.now() > deadlineMs) return left;
    await delay(LOOK_AGAIN_MS);
  }
}

function asCall(line: string): Call {
  const { at, outcome, image_sha256 } = JSON.parse(line) as Call;
  return { at, outcome, image_sha256 };
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
