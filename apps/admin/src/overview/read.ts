/**
 * Reads the overview: queues and gates from Redis, ages and endpoints from the ledger. Either may be away; then its
 * numbers are null, and that is what the page says. One look serves all who ask within some seconds.
 */
import { createdAtMs, isJobId } from '@cardseal/core/job';
import { SYSTEM_TENANT } from '@cardseal/core/ledger';
import { recognizeJobId } from '@cardseal/core/queue';
import type { Queue } from 'bullmq';
import type { AdminContext } from '../context.ts';
import { readEndpoints } from '../endpoints/read.ts';
import { poolSnapshot } from '../pool/pool.ts';
import { conditionsOf, SICK_SHOWN } from './conditions.ts';
import type { History } from './history.ts';
import { incidentsOf } from './incidents.ts';
import type { Samples } from './samples.ts';
import type { CredentialView, FailureView, Overview, StepView } from './view.ts';
import { workerState } from './worker-state.ts';

export interface OverviewReader {
  read(): Promise<Overview>;
}

const LOOK_MS = 2000;
/** Looks at the ledger are paid for. */
const LEDGER_LOOK_MS = 10_000;
const ANSWER_MS = 4000;
const MINUTES = 60;
const RECENT_MINUTES = 5;
const OLDEST_MARKERS = 20;
const FAILURES_LOOKED_AT = 200;
const RECENT_MS = 10 * 60_000;
const ACCEPTED_LOOKED_AT = 2000;
const PAST_SHOWN = 12;

export function createOverviewReader(context: AdminContext, samples: Samples, history: History): OverviewReader {
  const { clock } = context;
  let connectedAtMs = clock.now();
  context.redis.on('ready', () => {
    connectedAtMs = clock.now();
  });
  const ledgerLook = shared(LEDGER_LOOK_MS, clock, () => readLedger(context));
  const read = async (): Promise<Overview> => {
    const [queues, ledger] = await Promise.all([
      inTime(readQueues(context, samples, () => clock.now() - connectedAtMs)).catch(() => null),
      inTime(ledgerLook()).catch(() => null),
    ]);
    const none = { perMinute: null, waiting: null, oldestMs: null, failing: null };
    const seen: Omit<Overview, 'incidents'> = {
      atMs: clock.now(),
      redis: queues ? 'up' : 'down',
      ledger: ledger ? 'up' : 'down',
      workers: queues?.workers ?? null,
      workersStarting: queues?.workersStarting ?? null,
      workerState: queues?.workerState ?? null,
      steps: {
        accepted: { ...none, perMinute: ledger?.acceptedPerMinute ?? null },
        queued: { ...none, ...queues?.queued, oldestMs: ledger?.oldestPendingMs ?? null },
        recognising: { ...none, ...queues?.recognising },
        outcome: { ...none, ...queues?.outcome },
        delivering: {
          ...none,
          ...queues?.delivering,
          oldestMs: ledger?.oldestUndeliveredMs ?? null,
          failing: ledger?.endpoints.sick.length ?? null,
        },
        delivered: { ...none, ...queues?.delivered },
      },
      ended: queues?.ended ?? null,
      credentials: queues?.credentials ?? null,
      endpoints: ledger?.endpoints ?? null,
      failures: queues?.failures ?? null,
    };
    await inTime(history.note(conditionsOf(seen))).catch(() => {});
    const past = await inTime(history.read(PAST_SHOWN)).catch(() => []);
    return { ...seen, incidents: incidentsOf(seen, ledger?.audit ?? [], past) };
  };
  // Workers that start report within seconds: an operator who asks after their report must see them.
  return {
    read: shared(LOOK_MS, clock, read, ({ workers, workersStarting }) => Boolean(workers) && workersStarting === 0),
  };
}

/** One read serves all callers within `ttlMs`. A read that failed, or that `isKept` refuses, is not kept. */
export function shared<T>(
  ttlMs: number,
  { now }: { now(): number },
  read: () => Promise<T>,
  isKept: (value: T) => boolean = () => true,
): () => Promise<T> {
  let latest: { value: Promise<T>; untilMs: number } | null = null;
  return () => {
    if (latest && now() < latest.untilMs) return latest.value;
    const value = read();
    latest = { value, untilMs: now() + ttlMs };
    const drop = () => {
      if (latest?.value === value) latest = null;
    };
    value.then((seen) => isKept(seen) || drop(), drop);
    return value;
  };
}

function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('late')), ANSWER_MS);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

async function readQueues(context: AdminContext, samples: Samples, connectedForMs: () => number) {
  const { jobQueue, workers, clock } = context;
  const { recognize, deliver } = jobQueue.queues();
  const [cards, webhooks, done, failed, sent, alive, starting, pool, history, failures] = await Promise.all([
    recognize.getJobCounts('active', 'waiting', 'prioritized', 'delayed'),
    deliver.getJobCounts('active', 'waiting', 'delayed', 'failed'),
    perMinute(recognize, 'completed', clock.now()),
    perMinute(recognize, 'failed', clock.now()),
    perMinute(deliver, 'completed', clock.now()),
    workers.alive(clock.now()),
    workers.starting(clock.now()),
    poolSnapshot(context),
    samples.read(),
    readFailures(recognize, clock.now()),
  ]);
  const ended = done.map((number, at) => number + failed[at]!);
  const credentials = pool?.map((one): CredentialView => ({ ...one, samples: history.get(one.id) ?? [] })) ?? null;
  const recently = [...history.values()].map((line) => line.slice(-6));
  const calls = recently.reduce((sum, line) => sum + ratePerMinute(line), 0);
  return {
    workers: alive,
    workersStarting: starting,
    workerState: workerState({ alive, starting, connectedForMs: connectedForMs() }),
    credentials,
    failures,
    ended: ended.toReversed(),
    queued: { waiting: cards.waiting! + cards.prioritized! + cards.delayed! },
    recognising: {
      waiting: cards.active!,
      perMinute: calls,
      failing: sum(credentials?.map(({ refusedLastMinute }) => refusedLastMinute) ?? []),
    },
    outcome: { perMinute: mean(ended), failing: sum(failed.slice(0, 10)) },
    delivering: { waiting: webhooks.active! + webhooks.waiting! + webhooks.delayed! },
    delivered: { perMinute: mean(sent), failing: webhooks.failed! },
  } satisfies Record<string, unknown> & Partial<Record<'queued' | 'recognising', Partial<StepView>>>;
}

function ratePerMinute(line: readonly { calls: number; seconds: number }[]): number {
  const seconds = sum(line.map((one) => one.seconds));
  return seconds === 0 ? 0 : (sum(line.map((one) => one.calls)) * 60) / seconds;
}

/** Newest minute first, the running one included. */
async function perMinute(
  queue: Pick<Queue, 'getMetrics'>,
  type: 'completed' | 'failed',
  nowMs: number,
): Promise<number[]> {
  const { meta, data } = await queue.getMetrics(type, 0, MINUTES - 1);
  return minutesOf(meta, data.map(Number), nowMs);
}

/** BullMQ closes a minute only when something ends after it: until then it is known by its count alone. */
export function minutesOf(
  { count: all, prevCount, prevTS }: { count: number; prevCount: number; prevTS: number },
  closed: readonly number[],
  nowMs: number,
): number[] {
  const idle = prevTS > 0 ? Math.min(MINUTES, Math.max(0, Math.floor((nowMs - prevTS) / 60_000))) : 0;
  const minutes = [...Array.from({ length: idle }, () => 0), all - prevCount, ...closed];
  return Array.from({ length: MINUTES }, (_, at) => minutes[at] ?? 0);
}

/** Of what failed and was not tried again: who is tried again leaves the failed ones. */
async function readFailures(queue: AdminContext['board']['recognize'], nowMs: number): Promise<FailureView[]> {
  const jobs = await queue.getFailed(0, FAILURES_LOOKED_AT - 1);
  const byCode = new Map<string, FailureView>();
  for (const job of jobs.filter(Boolean)) {
    const code = /^[a-z0-9_.-]{1,80}$/.test(job.failedReason ?? '') ? job.failedReason : 'worker_crashed';
    const atMs = job.finishedOn ?? job.timestamp;
    const { tenant, job: id } = job.data;
    const known = byCode.get(code) ?? {
      code,
      count: 0,
      recent: 0,
      lastAtMs: Number.NEGATIVE_INFINITY,
      tenant,
      job: id,
    };
    known.count++;
    if (nowMs - atMs < RECENT_MS) known.recent++;
    byCode.set(code, known.lastAtMs < atMs ? { ...known, lastAtMs: atMs, tenant, job: id } : known);
  }
  return [...byCode.values()].sort((a, b) => b.lastAtMs - a.lastAtMs);
}

async function readLedger(context: AdminContext) {
  const { ledger, clock } = context;
  const tenants = (await ledger.tenants.records.list(SYSTEM_TENANT)).map(({ id }) => id);
  const [pending, undelivered, accepted, lines, audit] = await Promise.all([
    Promise.all(tenants.map((tenant) => oldestPendingMs(context, tenant))),
    Promise.all(tenants.map((tenant) => oldestUndeliveredMs(context, tenant))),
    Promise.all(tenants.map((tenant) => acceptedLately(context, tenant))),
    readEndpoints(context),
    ledger.operators.audit.page(null, 20),
  ]);
  const counts = { healthy: 0, failing: 0, held: 0, disabled: 0 };
  for (const { health } of lines) counts[health]++;
  const off = lines.filter(({ disabledBy }) => disabledBy === 'owner').length;
  const unheard = (health: string) => lines.filter((one) => one.unheard && one.health === health).length;
  const age = (times: readonly (number | null)[]) => {
    const known = times.filter((time) => time !== null);
    return known.length === 0 ? null : clock.now() - Math.min(...known);
  };
  return {
    oldestPendingMs: age(pending),
    oldestUndeliveredMs: age(undelivered),
    acceptedPerMinute: sum(accepted) / RECENT_MINUTES,
    endpoints: {
      counts,
      off,
      unheard: { failing: unheard('failing'), disabled: unheard('disabled') },
      sick: lines.filter(({ health }) => health !== 'healthy').slice(0, SICK_SHOWN),
    },
    audit: audit.entries,
  };
}

/** Names are in the order of the jobs' making; a retried job's wait began later, which its place in the queue knows. */
async function oldestPendingMs({ ledger, jobQueue }: AdminContext, tenant: string): Promise<number | null> {
  const markers = await ledger.jobs.markers.oldestPending(tenant, OLDEST_MARKERS);
  const times = await Promise.all(
    markers.map(async ({ job, generation }) => {
      if (generation <= 1) return createdAtMs(job);
      const queued = await Promise.resolve()
        .then(() => jobQueue.queues().recognize.getJob(recognizeJobId(job, generation)))
        .catch(() => undefined);
      return queued?.timestamp ?? null;
    }),
  );
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}

async function oldestUndeliveredMs({ ledger }: AdminContext, tenant: string): Promise<number | null> {
  // Notices sort before jobs, and their ids tell no time.
  const { refs } = await ledger.jobs.markers.undeliveredPage(tenant, 'job_', 1);
  const job = refs[0]?.job;
  return job && isJobId(job) ? createdAtMs(job) : null;
}

async function acceptedLately({ ledger, clock }: AdminContext, tenant: string): Promise<number> {
  const createdAfterMs = clock.now() - RECENT_MINUTES * 60_000;
  const { entries } = await ledger.jobs.listing.page(tenant, { createdAfterMs }, { limit: ACCEPTED_LOOKED_AT });
  if (entries.length < ACCEPTED_LOOKED_AT) return entries.length;
  // More than was looked at: their own time tells the rate.
  const spanMs = Math.max(1, clock.now() - entries.at(-1)!.createdAtMs);
  return (entries.length * RECENT_MINUTES * 60_000) / spanMs;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Over the last whole minutes. */
function mean(newestFirst: readonly number[]): number {
  return sum(newestFirst.slice(0, RECENT_MINUTES)) / RECENT_MINUTES;
}
