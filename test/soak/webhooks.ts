/**
 * Delivers many outcomes to receivers that fail half of the time, while workers are killed and Redis restarts (`npm run
 * soak -- webhooks`). It fails unless every outcome arrives at its own endpoint only, verified, with one id and the
 * same bytes on every attempt. It counts duplicates; they are allowed but must be few.
 * --outcomes 20000: number of outcomes.
 * --seed 1: seed of the faults.
 * --minutes 30: time limit.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { percentile, seeded } from '../bench/deliver/simulation.ts';
import { createPendingDeliveries } from '../support/pending-deliveries.ts';
import { printHelp } from '../support/program-help.ts';
import { startTestStack } from '../support/stack.ts';
import { type Arrival, seenOf, startReceiver, verifyTwice } from '../support/webhook-receiver.ts';

if (import.meta.main) printHelp(import.meta.url);

type Stack = Awaited<ReturnType<typeof startTestStack>>;

const ENDPOINTS = 40;
const AT_ONCE = 32;
const FAULT_EVERY_MS = 8000;
/** Also wait for this many attempts since the last fault; otherwise a slow machine would only restart processes. */
const FAULT_EVERY_TRIES = 250;
/** After this share of deliveries no fault is injected, to show that the system recovers automatically. */
const PEACE_SHARE = 0.9;
/** Later attempts are minutes apart, so the soak asks for resends, as an endpoint's owner would. */
const PATIENCE_MS = 10_000;
const PROGRESS_EVERY_MS = 5000;
/** Undelivered events that one round resends, one page at a time. */
const RESEND_PAGES = 5;

/** The observations; every request is verified when it arrives. */
interface Observed {
  expected: Map<string, string>;
  /** Accepted requests by job. */
  delivered: Map<string, number>;
  unverified: string[];
  kills: Record<string, number>;
}

export async function main(args: readonly string[] = []): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      outcomes: { type: 'string', default: '20000' },
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '30' },
    },
  });
  const outcomes = Number(values.outcomes);
  const random = seeded(Number(values.seed));
  console.log(`seed ${values.seed}, ${outcomes} outcomes`);
  const env = { LOG_LEVEL: 'warn', LOCK_DURATION_MS: '5000', RECONCILE_INTERVAL_MS: '5000' };
  const [app, receiver] = await Promise.all([startTestStack({ workers: 2, env }), startReceiver()]);
  const pendingDeliveries = createPendingDeliveries(app);
  const observed: Observed = { expected: new Map(), delivered: new Map(), unverified: [], kills: {} };
  const { delivered, expected } = observed;
  const startedMs = Date.now();
  try {
    const ids = await register(pendingDeliveries, receiver, observed, random);
    const stopAtMs = startedMs + Number(values.minutes) * 60_000;
    const peace = new AbortController();
    const trouble = makeTrouble(app, receiver, observed, random, peace.signal);
    let next = 0;
    const one = async () => {
      for (let n = next++; n < outcomes; n = next++) {
        const at = n % ENDPOINTS;
        expected.set(await pendingDeliveries.add([ids[at]!]), pathOf(at));
      }
    };
    const owed = Promise.all(Array.from({ length: AT_ONCE }, one));
    for (let reportedMs = 0; delivered.size < outcomes && Date.now() < stopAtMs; await delay(250)) {
      if (delivered.size >= outcomes * PEACE_SHARE) peace.abort();
      if (Date.now() - reportedMs < PROGRESS_EVERY_MS) continue;
      reportedMs = Date.now();
      console.log(progress(startedMs, outcomes, next, observed, receiver.arrivals.length));
      if (next >= outcomes) await resendLeft(app);
    }
    peace.abort();
    await Promise.all([trouble, owed]);
    return report(receiver.arrivals, observed, Date.now() - startedMs);
  } finally {
    await pendingDeliveries.close();
    await app.stop();
    await receiver.stop();
  }
}

const pathOf = (endpoint: number) => `/endpoint-${endpoint}`;

type Receiver = Awaited<ReturnType<typeof startReceiver>>;

/** Endpoints that refuse or break half of their requests, after both libraries have verified each one. */
async function register(
  pendingDeliveries: ReturnType<typeof createPendingDeliveries>,
  receiver: Receiver,
  { delivered, unverified }: Observed,
  random: () => number,
): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < ENDPOINTS; n++) {
    const { id, secret } = await pendingDeliveries.endpoint(receiver.url(pathOf(n)), ['job.succeeded']);
    ids.push(id);
    receiver.behave(pathOf(n), (response, arrival) => {
      if (!verifies(arrival, secret)) unverified.push(arrival.id);
      const fails = random() < 0.5;
      const job = arrival.event.data.id;
      if (!fails) delivered.set(job, (delivered.get(job) ?? 0) + 1);
      if (fails && random() < 0.3) return void response.socket?.resetAndDestroy();
      response.writeHead(fails ? 500 : 204).end();
    });
  }
  return ids;
}

function verifies(arrival: Arrival, secret: string): boolean {
  try {
    verifyTwice(arrival, secret);
    return true;
  } catch {
    return false;
  }
}

async function makeTrouble(
  app: Stack,
  { arrivals }: Receiver,
  { kills }: Observed,
  random: () => number,
  peace: AbortSignal,
): Promise<void> {
  for (let seen = 0; ; ) {
    await delay(FAULT_EVERY_MS, undefined, { signal: peace }).catch(() => {});
    if (peace.aborted) return;
    if (arrivals.length - seen < FAULT_EVERY_TRIES) continue;
    seen = arrivals.length;
    const name = ['worker-1', 'worker-2', 'redis'][Math.floor(random() * 3)]!;
    try {
      process.kill(app.stack.child(name).pid, 'SIGKILL');
      kills[name] = (kills[name] ?? 0) + 1;
    } catch {
      // The process is restarting.
    }
  }
}

function progress(startedMs: number, outcomes: number, owed: number, observed: Observed, tries: number): string {
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  const kills = Object.values(observed.kills).reduce((sum, count) => sum + count, 0);
  const left = `${observed.delivered.size} of ${outcomes} delivered`;
  return `${String(seconds).padStart(5)} s  ${Math.min(owed, outcomes)} pending, ${left}, ${tries} attempts, ${kills} kills`;
}

async function resendLeft({ call }: Stack): Promise<void> {
  const isFar = ({ next_try_at: at }: { next_try_at: string | null }) =>
    at !== null && Date.parse(at) > Date.now() + PATIENCE_MS;
  let cursor = '';
  for (let page = 0; page < RESEND_PAGES; page++) {
    const { body } = await call('GET', `/v1/deliveries?state=undelivered&limit=100${cursor}`);
    const waiting = (body?.data ?? []).filter(isFar);
    await Promise.all(waiting.map(({ id }: { id: string }) => call('POST', `/v1/deliveries/${id}/resend`)));
    if (!body?.next_cursor) return;
    cursor = `&cursor=${body.next_cursor}`;
  }
}

function report(arrivals: readonly Arrival[], observed: Observed, durationMs: number): number {
  const { expected, delivered, unverified, kills } = observed;
  const byJob = Map.groupBy(arrivals, ({ event }) => event.data.id as string);
  const found = {
    undelivered: [...expected.keys()].filter((job) => !delivered.has(job)),
    unverified,
    'with several ids or bodies': [...byJob].flatMap(([job, seen]) => (isOne(seen) ? [] : [job])),
    'at a wrong endpoint': arrivals.flatMap(({ path, event }) =>
      expected.get(event.data.id) === path ? [] : [event.data.id as string],
    ),
  };
  for (const [what, jobs] of Object.entries(found))
    console.log(`${what}: ${jobs.length} ${jobs.slice(0, 5).join(' ')}`);
  const problems = Object.values(found).reduce((sum, jobs) => sum + jobs.length, 0);
  const tries = [...byJob.values()].map(({ length }) => length);
  const figures = {
    outcomes: expected.size,
    tries: arrivals.length,
    verified: arrivals.length - unverified.length,
    meanTries: Number((arrivals.length / expected.size).toFixed(2)),
    p99Tries: percentile(tries, 0.99),
    duplicates: [...delivered.values()].reduce((sum, count) => sum + count - 1, 0),
    kills,
    seconds: Math.round(durationMs / 1000),
  };
  console.log(JSON.stringify({ soak: 'webhooks', ok: problems === 0, problems, ...figures }));
  return problems === 0 ? 0 : 1;
}

function isOne(seen: readonly Arrival[]): boolean {
  const { ids, bodies } = seenOf(seen);
  return ids.size === 1 && bodies.size === 1;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
