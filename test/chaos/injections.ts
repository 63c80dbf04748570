/**
 * The fault injections of a chaos run. A promise resolves when its fault is over. Each rule states how many accepted
 * calls the fault may cost and which failed jobs it explains; the checker allows nothing else.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Incident } from './checker/index.ts';
import { type Harness, WORKER_CONCURRENCY } from './harness/index.ts';
import { absentRecord } from './injections/absent-record.ts';
import { drained } from './injections/drain.ts';
import { fullLogDisk } from './injections/full-log-disk.ts';
import { OUTAGES, outage } from './injections/outage.ts';
import { signal } from './injections/signals.ts';

export { signal } from './injections/signals.ts';

/** May return a list of what it found broken. Each entry starts with the invariant, such as `I6: …`. */
export type Injection = (harness: Harness, random: () => number, incident: Incident) => Promise<unknown>;

interface InjectionRule {
  /** The most accepted calls that the fault may repeat: the calls in flight that it can cut. */
  cutCalls: number;
  /** Prefixes of failure codes that a retry cannot avoid during this fault. */
  fails?: readonly string[];
  run: Injection;
}

const WORKERS = ['worker-1', 'worker-2'];
const ALL_CALLS = WORKERS.length * WORKER_CONCURRENCY;

/** Stops one process and continues the same process later, even when another process has replaced it meanwhile. */
export async function frozen(harness: Harness, child: string, ms: number): Promise<void> {
  const { pid } = harness.app.stack.child(child);
  try {
    process.kill(pid, 'SIGSTOP');
    await delay(ms);
  } finally {
    try {
      process.kill(pid, 'SIGCONT');
    } catch {
      // Another fault killed the process while it was stopped.
    }
  }
}

function anyWorker(random: () => number): string {
  return WORKERS[Math.floor(random() * WORKERS.length)]!;
}

async function spoilUpstream(harness: Harness, faults: object[], ms: number): Promise<void> {
  await harness.app.control('PUT', { faults });
  await delay(ms);
  await harness.app.control('PUT', { faults: [] });
}

async function spoilStore(harness: Harness, rules: object[], ms: number, random: () => number): Promise<void> {
  await harness.storeFaults(rules, Math.floor(random() * 1e9));
  await delay(ms);
  await harness.storeFaults([]);
}

async function withoutMemory(harness: Harness, ms: number): Promise<void> {
  await harness.redis.config('SET', 'maxmemory', '1mb');
  try {
    await delay(ms);
  } finally {
    await harness.redis.config('SET', 'maxmemory', '0');
  }
}

export async function killedOften(harness: Harness, ms: number, random: () => number): Promise<void> {
  const endMs = Date.now() + ms;
  while (Date.now() < endMs) {
    signal(harness, anyWorker(random), 'SIGKILL');
    await delay(1000 + random() * 2000);
  }
}

type OutageName = `provider ${keyof typeof OUTAGES}`;

/** No failure is explained by an outage: the jobs wait. */
function outages(): Record<OutageName, InjectionRule> {
  const rules = Object.entries(OUTAGES).map(([name, fault]): [string, InjectionRule] => [
    `provider ${name}`,
    { cutCalls: 0, run: (harness, random) => outage(harness, fault, random) },
  ]);
  return Object.fromEntries(rules) as Record<OutageName, InjectionRule>;
}

/** A job that is active at several kills is quarantined, and one that is killed while it runs alone is failed. */
const KILLED = ['worker_crashed'];

export const INJECTIONS = {
  'worker killed': {
    cutCalls: WORKER_CONCURRENCY,
    run: async (harness, random) => signal(harness, anyWorker(random), 'SIGKILL'),
  },
  'all workers killed': {
    cutCalls: ALL_CALLS,
    run: async (harness) => {
      for (const worker of WORKERS) signal(harness, worker, 'SIGKILL');
    },
  },
  'workers killed often': {
    cutCalls: 10 * WORKER_CONCURRENCY,
    fails: KILLED,
    run: (harness, random) => killedOften(harness, 10_000, random),
  },
  'worker drained': { cutCalls: 0, run: (harness, random) => drained(harness, [anyWorker(random)]) },
  'api drained': { cutCalls: 0, run: (harness) => drained(harness, ['api']) },
  'api and workers drained': { cutCalls: 0, run: (harness) => drained(harness, ['api', ...WORKERS]) },
  // A full log disk also loses the log line about a lost lock, so the rule itself allows for the repeated calls.
  'log disk of a worker full': {
    cutCalls: WORKER_CONCURRENCY,
    run: (harness, random) => fullLogDisk(harness, anyWorker(random)),
  },
  'log disk of the api full': { cutCalls: 0, run: (harness) => fullLogDisk(harness, 'api') },
  'worker frozen past its lock': {
    cutCalls: WORKER_CONCURRENCY,
    run: (harness, random) => frozen(harness, anyWorker(random), 7000),
  },
  'api killed': { cutCalls: 0, run: async (harness) => signal(harness, 'api', 'SIGKILL') },
  'redis killed': { cutCalls: ALL_CALLS, run: async (harness) => signal(harness, 'redis', 'SIGKILL') },
  'redis emptied': { cutCalls: ALL_CALLS, run: async (harness) => void (await harness.redis.flushall()) },
  'redis frozen': { cutCalls: ALL_CALLS, run: (harness, random) => frozen(harness, 'redis', 5000 + random() * 10_000) },
  'redis out of memory': { cutCalls: ALL_CALLS, run: (harness) => withoutMemory(harness, 4000) },
  'store killed': { cutCalls: ALL_CALLS, run: async (harness) => signal(harness, 's3', 'SIGKILL') },
  'store frozen': { cutCalls: ALL_CALLS, run: (harness) => frozen(harness, 's3', 4000) },
  'store refuses': {
    cutCalls: ALL_CALLS,
    run: (harness, random) => spoilStore(harness, [{ kind: 'status', status: 503, rate: 0.3 }], 3000, random),
  },
  'store answers lost': {
    cutCalls: ALL_CALLS,
    run: (harness, random) =>
      spoilStore(
        harness,
        [
          { kind: 'cut', when: 'after', method: 'PUT', rate: 0.2 },
          { kind: 'status', status: 500, when: 'after', method: 'PUT', rate: 0.1 },
        ],
        3000,
        random,
      ),
  },
  // Deletes fail for some time. No step may wait for them and no event may be sent twice; the deletes must happen
  // later.
  'store deletes nothing': {
    cutCalls: 0,
    run: (harness, random) =>
      spoilStore(
        harness,
        [
          { kind: 'status', status: 503, operation: 'DeleteObjects' },
          { kind: 'status', status: 503, operation: 'DeleteObject', keyPattern: '\\.image$' },
        ],
        3000,
        random,
      ),
  },
  'store slow': {
    cutCalls: 0,
    run: (harness, random) => spoilStore(harness, [{ kind: 'slow', delayMs: 400, rate: 0.5 }], 3000, random),
  },
  'store cuts and corrupts': {
    cutCalls: ALL_CALLS,
    run: (harness, random) =>
      spoilStore(
        harness,
        [
          { kind: 'corrupt', operation: 'GetObject', rate: 0.1 },
          { kind: 'cut', operation: 'GetObject', rate: 0.1 },
        ],
        3000,
        random,
      ),
  },
  'store sends thin pages': {
    cutCalls: 0,
    run: (harness, random) => spoilStore(harness, [{ kind: 'thin_pages' }], 5000, random),
  },
  'store refuses multi-delete': {
    cutCalls: 0,
    run: (harness, random) => {
      const status = random() < 0.5 ? 405 : 501;
      return spoilStore(harness, [{ kind: 'status', status, operation: 'DeleteObjects' }], 5000, random);
    },
  },
  'store keeps what it should delete': {
    cutCalls: 0,
    run: (harness, random) => spoilStore(harness, [{ kind: 'delete_errors', rate: 0.5 }], 4000, random),
  },
  'endpoint record absent': {
    cutCalls: 0,
    run: (harness, random, incident) =>
      absentRecord(harness, random, (tenant) => {
        incident.hiddenEndpointOf = tenant;
      }),
  },
  ...outages(),
  'upstream fails': {
    // The provider may have billed replies that arrive spoilt or cut, but the emulator's log does not count them as
    // accepted.
    cutCalls: ALL_CALLS,
    fails: ['upstream_'],
    run: (harness) => {
      const kinds = ['html', 'empty', 'truncate', 'garbage_cipher', 'swap_reply', 'reset', 'token_expired'];
      const faults = [...kinds.map((kind) => ({ kind, rate: 0.05 })), { kind: 'http', status: 503, rate: 0.1 }];
      return spoilUpstream(harness, faults, 3000);
    },
  },
  'upstream hangs': {
    cutCalls: ALL_CALLS,
    fails: ['upstream_'],
    run: (harness) =>
      spoilUpstream(
        harness,
        [
          { kind: 'hang', rate: 0.1 },
          { kind: 'slow_drip', rate: 0.1, interval_ms: 100 },
        ],
        3000,
      ),
  },
  'upstream refuses': {
    cutCalls: 0,
    run: (harness) => spoilUpstream(harness, [{ kind: 'error', code: 18, rate: 0.5 }], 3000),
  },
  'token expires everywhere': {
    cutCalls: 0,
    run: (harness) => spoilUpstream(harness, [{ kind: 'token_expired', count: 4 }], 1000),
  },
  // A longer series of errors would close the endpoint for a minute. `test/webhooks` covers that.
  'receiver fails': { cutCalls: 0, run: async ({ inbox }) => void inbox.answers.push(500, 500, 500) },
} satisfies Record<string, InjectionRule>;

export type InjectionName = keyof typeof INJECTIONS;
export const INJECTION_NAMES = Object.keys(INJECTIONS) as InjectionName[];

/**
 * Injects the fault and records it as an incident. An injection that lacks what it needs, such as a live Redis, throws.
 */
export async function inject(harness: Harness, name: InjectionName, random: () => number): Promise<void> {
  const { cutCalls, fails, run }: InjectionRule = INJECTIONS[name];
  await harness.during({ kind: name, cutCalls, fails: fails ?? [] }, async (incident) => {
    const broken = await run(harness, random, incident);
    if (Array.isArray(broken)) incident.broken = broken;
  });
}
