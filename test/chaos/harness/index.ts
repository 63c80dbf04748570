/**
 * The chaos harness: the real stack under load from several tenants, and everything that the checker needs to know about
 * the run. Clients repeat a failed submit with the same key, as the contract requires. The tests inject the faults.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '@cardseal/base/clock';
import type { Failpoint, FailpointAction } from '@cardseal/core/failpoints';
import { type Ledger, openLedger } from '@cardseal/core/ledger';
import { freePort, type StackOptions } from '@cardseal/dev';
import { generateSpecimens } from '@cardseal/emulator/cards';
import { Redis } from 'ioredis';
import { startTestStack, type TestStack } from '../../support/stack.ts';
import { type Evidence, type Incident, violations } from '../checker/index.ts';
import { type Client, createClients } from './clients.ts';
import { gatherEvidence, untilSettled } from './evidence.ts';
import { type Inbox, startInbox } from './inbox.ts';
import { createSubmissions, type Submissions } from './submissions.ts';
import { type VitalsWatch, watchVitals } from './vitals.ts';

export { ask, jsonBody } from './clients.ts';
export { unique } from './submissions.ts';

const SPECIMENS = 6;
/** `RECOGNIZE_CONCURRENCY` of the stack: the most upstream calls that one worker has in flight. */
export const WORKER_CONCURRENCY = 8;

export interface Harness extends Pick<Submissions, 'accepted' | 'submit' | 'submitMany'> {
  app: TestStack;
  inbox: Inbox;
  clients: readonly Client[];
  incidents: Incident[];
  redis: Redis;
  ledger: Ledger;
  vitals: VitalsWatch;
  /** Records an incident for the checker. The incident lasts until `work` ends. */
  during<T>(incident: Pick<Incident, 'kind'> & Partial<Incident>, work: (noted: Incident) => Promise<T>): Promise<T>;
  /** The next process that reaches the failpoint performs the action. */
  arm(point: Failpoint, action: FailpointAction): Promise<void>;
  /** Failpoints that no process has reached yet. */
  armed(): Promise<string[]>;
  failpointsDir: string;
  /** Sets the fault rules of the S3 double. */
  storeFaults(rules: object[], seed?: number): Promise<void>;
  /** Resolves when the ledger owes nothing; returns the waiting time in ms. @throws Error after `withinMs`. */
  settle(withinMs: number): Promise<number>;
  check(): Promise<string[]>;
  evidence(): Promise<Evidence>;
  stop(): Promise<void>;
}

export interface HarnessOptions extends Partial<StackOptions> {
  seed: number;
  tenants?: number;
  /** A client for a Redis that the stack's URL alone does not reach. The harness disconnects it at the end. */
  redis?: Redis;
}

export async function startHarness({
  seed,
  tenants = 1,
  redis: given,
  ...stackOptions
}: HarnessOptions): Promise<Harness> {
  const failpointsDir = await mkdtemp(path.join(tmpdir(), 'cardseal-failpoints-'));
  const [app, inbox, specimens] = await Promise.all([
    startStack(stackOptions, failpointsDir),
    startInbox(),
    Array.fromAsync(generateSpecimens({ count: SPECIMENS, seed, scenario: 'good', scale: 0.6 })),
  ]);
  const ledger = await ledgerOf(app);
  const clients = await createClients(app, ledger, inbox, tenants);
  await app.control('PUT', { latency_ms: { p50: 60, p99: 150 } });
  const redis = given ?? new Redis(app.stack.info.redisUrl, { maxRetriesPerRequest: null });
  redis.on('error', () => {});
  const incidents: Incident[] = [];
  const { open, ...submissions } = createSubmissions(app, clients, inbox, specimens);
  const vitals = watchVitals(app.stack, redis, open);
  const parts = { app, inbox, clients, incidents, ledger, vitals };
  const evidence = () =>
    gatherEvidence({ ...parts, accepted: submissions.accepted, workerConcurrency: WORKER_CONCURRENCY });
  return {
    ...parts,
    ...submissions,
    redis,
    failpointsDir,
    during: (incident, work) => record(incidents, incident, work),
    arm: (point, action) => writeFile(path.join(failpointsDir, point), action),
    armed: () => readdir(failpointsDir),
    storeFaults: (rules, ruleSeed = seed) => setStoreFaults(app, rules, ruleSeed),
    settle: (withinMs) => untilSettled(app, withinMs),
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

async function startStack(options: Partial<StackOptions>, failpointsDir: string): Promise<TestStack> {
  const [api, admin, emulator, s3] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  return startTestStack({
    workers: 2,
    baiduQps: 200,
    ...options,
    // Harnesses run in parallel and their processes are killed: the port must still be free when the owner restarts.
    ports: { api, admin, emulator, s3, ...options.ports },
    env: {
      LOCK_DURATION_MS: '5000',
      RECONCILE_INTERVAL_MS: '3000',
      RECOGNIZE_CONCURRENCY: String(WORKER_CONCURRENCY),
      FAILPOINTS_DIR: failpointsDir,
      ...options.env,
    },
  });
}

async function record<T>(
  incidents: Incident[],
  { kind, cutCalls = 0, fails = [] }: Pick<Incident, 'kind'> & Partial<Incident>,
  work: (noted: Incident) => Promise<T>,
): Promise<T> {
  const incident: Incident = { kind, cutCalls, fails, fromMs: Date.now(), toMs: Number.POSITIVE_INFINITY };
  incidents.push(incident);
  try {
    return await work(incident);
  } finally {
    incident.toMs = Date.now();
  }
}

async function setStoreFaults(app: TestStack, rules: object[], seed: number): Promise<void> {
  const url = `${app.stack.info.s3.endpoint}/__control/faults?seed=${seed}`;
  const response = await fetch(url, { method: 'PUT', body: JSON.stringify(rules) });
  if (!response.ok) throw new Error(`store control: ${response.status} ${await response.text()}`);
}

async function ledgerOf({ stack: { info, env } }: TestStack): Promise<Ledger> {
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = info.s3;
  const settings = { S3_ENDPOINT: endpoint, S3_REGION: region, S3_BUCKET: bucket, S3_FORCE_PATH_STYLE: true };
  return openLedger(settings, await readFile(env.MASTER_KEY_FILE!), systemClock, { accessKeyId, secretAccessKey });
}
