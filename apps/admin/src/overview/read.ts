/**
 * Reads the overview: queues and gates from Redis, ages and endpoints from the ledger. If one of the two is down, its
 * numbers are null and the page says so. One read serves all callers within some seconds.
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

const SHARED_MS = 2000;
/** Longer than `SHARED_MS`, because each request to the object store costs money. */
const LEDGER_SHARED_MS = 10_000;
const TIMEOUT_MS = 4000;
const MINUTES = 60;
const RECENT_MINUTES = 5;
const OLDEST_MARKERS = 20;
const FAILURES_READ = 200;
const RECENT_MS = 10 * 60_000;
const ACCEPTED_READ = 2000;
const PAST_SHOWN = 12;

export function createOverviewReader(context: AdminContext, samples: Samples, history: History): OverviewReader {
  const { clock } = context;
  let connectedAtMs = clock.now();
  context.redis.on('ready', () => {
    connectedAtMs = clock.now();
  });
  const ledgerRead = shared(LEDGER_SHARED_MS, clock, () => readLedger(context));
  const read = async (): Promise<Overview> => {
    const [queues, ledger] = await Promise.all([
      inTime(readQueues(context, samples, () => clock.now() - connectedAtMs)).catch(() => null),
      inTime(ledgerRead()).catch(() => null),
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
  // Starting workers report within seconds. Do not keep the result until then, so that the page shows them at once.
  return {
    read: shared(SHARED_MS, clock, read, ({ workers, workersStarting }) => Boolean(workers) && workersStarting === 0),
  };
}

/** Shares one read between all callers within `ttlMs`. A failed read, or one that `isKept` refuses, is not shared. */
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
  const timer = setTimeout(() => reject(new Error('late')), TIMEOUT_MS);
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

/** Counts per minute, newest first, including the current minute. */
async function perMinute(
  queue: Pick<Queue, 'getMetrics'>,
  type: 'completed' | 'failed',
  nowMs: number,
): Promise<number[]> {
  const { meta, data } = await queue.getMetrics(type, 0, MINUTES - 1);
  return minutesOf(meta, data.map(Number), nowMs);
}

/**
 * BullMQ closes a minute only when a job ends after it. Until then the minute is in the difference of the two counts, and
 * the idle minutes since `prevTS` are zero.
 */
export function minutesOf(
  { count: all, prevCount, prevTS }: { count: number; prevCount: number; prevTS: number },
  closed: readonly number[],
  nowMs: number,
): number[] {
  const idle = prevTS > 0 ? Math.min(MINUTES, Math.max(0, Math.floor((nowMs - prevTS) / 60_000))) : 0;
  const minutes = [...Array.from({ length: idle }, () => 0), all - prevCount, ...closed];
  return Array.from({ length: MINUTES }, (_, at) => minutes[at] ?? 0);
}

/** Groups the entries of the failed set by code. A retry removes its entry from that set. */
async function readFailures(queue: AdminContext['board']['recognize'], nowMs: number): Promise<FailureView[]> {
  const jobs = await queue.getFailed(0, FAILURES_READ - 1);
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

/** Names sort by creation time. A retried job waits only since its retry, and the queue entry has that time. */
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
  // Notices sort before jobs, and their ids hold no time.
  const { refs } = await ledger.jobs.markers.undeliveredPage(tenant, 'job_', 1);
  const job = refs[0]?.job;
  return job && isJobId(job) ? createdAtMs(job) : null;
}

async function acceptedLately({ ledger, clock }: AdminContext, tenant: string): Promise<number> {
  const createdAfterMs = clock.now() - RECENT_MINUTES * 60_000;
  const { entries } = await ledger.jobs.listing.page(tenant, { createdAfterMs }, { limit: ACCEPTED_READ });
  if (entries.length < ACCEPTED_READ) return entries.length;
  // The page is full, so derive the rate from the time that its entries span.
  const spanMs = Math.max(1, clock.now() - entries.at(-1)!.createdAtMs);
  return (entries.length * RECENT_MINUTES * 60_000) / spanMs;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** The mean over the last whole minutes. */
function mean(newestFirst: readonly number[]): number {
  return sum(newestFirst.slice(0, RECENT_MINUTES)) / RECENT_MINUTES;
}
