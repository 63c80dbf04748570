/** Gathers the evidence for the checker: the emulator's call log, foreign reads, lost locks, and the ledger at rest. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Ledger } from '@cardseal/core/ledger';
import { scan } from '@cardseal/object-store';
import type { TestStack } from '../../support/stack.ts';
import { bucketOf } from '../bucket-copy.ts';
import type { AcceptedJob, Call, Evidence, Incident } from '../checker/index.ts';
import { ask, type Client } from './clients.ts';
import type { Inbox } from './inbox.ts';
import { lostLocks } from './lost-locks.ts';
import type { VitalsWatch } from './vitals.ts';

/** The maximum number of jobs that a foreign tenant tries to read. */
const FOREIGN_READS = 40;
const QUEUES_EMPTY_WITHIN_MS = 30_000;
const POLL_MS = 200;

export interface EvidenceSources {
  app: TestStack;
  ledger: Ledger;
  clients: readonly Client[];
  inbox: Inbox;
  accepted: readonly AcceptedJob[];
  incidents: readonly Incident[];
  vitals: VitalsWatch;
  /** The most upstream calls that one worker has in flight. */
  workerConcurrency: number;
}

export async function gatherEvidence(sources: EvidenceSources): Promise<Evidence> {
  const { app, ledger, clients, inbox, accepted, incidents, vitals, workerConcurrency } = sources;
  const calls = await (await fetch(`${app.stack.info.emulatorUrl}/__control/calls`)).text();
  return {
    ledger,
    bucket: bucketOf(app),
    accepted: [...accepted],
    incidents: [...incidents, ...(await lostLocks(app, workerConcurrency))],
    calls: calls.split('\n').filter(Boolean).map(asCall),
    arrived: [...inbox.arrived],
    foreignReads: await readAsOthers(app, clients, accepted),
    vitals: vitals.vitals(),
    queueSamples: vitals.queueSamples,
    queuedAtRest: await queuedAtRest(vitals),
  };
}

/** Resolves when the ledger owes no outcome and no delivery. Returns the waiting time. @throws Error after `withinMs`. */
export async function untilSettled(app: TestStack, withinMs: number): Promise<number> {
  const startedMs = Date.now();
  // Polled, because nothing announces that the ledger owes nothing.
  for (;;) {
    const owed = await countOwed(app).catch(() => Number.NaN);
    if (owed === 0) return Date.now() - startedMs;
    if (Date.now() - startedMs > withinMs) throw new Error(`${owed} still owed after ${withinMs} ms`);
    await delay(POLL_MS);
  }
}

async function countOwed(app: TestStack): Promise<number> {
  const bucket = bucketOf(app);
  let count = 0;
  for (const prefix of ['pending/', 'undelivered/']) for await (const _ of scan(bucket, prefix)) count++;
  return count;
}

/** Reads a sample of the jobs with the key of another tenant. */
async function readAsOthers(app: TestStack, clients: readonly Client[], accepted: readonly AcceptedJob[]) {
  if (clients.length < 2) return [];
  const step = Math.max(1, Math.floor(accepted.length / FOREIGN_READS));
  const some = accepted.filter((_, at) => at % step === 0);
  return Promise.all(
    some.map(async ({ id, tenant }) => {
      const owner = clients.findIndex((client) => client.tenant === tenant);
      const other = clients[(owner + 1) % clients.length]!;
      const { status } = await ask(app, other, 'GET', `/v1/jobs/${id}`);
      return { job: id, asked: other.tenant, status };
    }),
  );
}

/** The queues may lag after the ledger: the workers still take the remaining entries, find them finished and drop them. */
async function queuedAtRest(vitals: VitalsWatch): Promise<number> {
  const deadlineMs = Date.now() + QUEUES_EMPTY_WITHIN_MS;
  for (;;) {
    const left = await vitals.queued();
    if (left === 0 || Date.now() > deadlineMs) return left;
    await delay(POLL_MS);
  }
}

function asCall(line: string): Call {
  const { at, outcome, image_sha256 } = JSON.parse(line) as Call;
  return { at, outcome, image_sha256 };
}
