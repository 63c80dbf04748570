/**
 * What is done to a night: each strike happens, lasts, and is over when it resolves. The log says of each how many
 * accepted calls it may have cost, and which failures it explains: the checker allows nothing else.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Incident } from './checker/index.ts';
import { type Night, ON_A_WIRE } from './harness/index.ts';
import { absentRecord } from './injections/absent-record.ts';
import { stopped } from './injections/drain.ts';
import { fullLogDisk } from './injections/full-log-disk.ts';
import { OUTAGES, outage } from './injections/outage.ts';
import { signal } from './injections/signals.ts';

export { signal } from './injections/signals.ts';

/** A list in return is what the strike itself found broken, each with its invariant. */
export type Strike = (night: Night, random: () => number, incident: Incident) => Promise<unknown>;

interface StrikeRule {
  /** Accepted calls that it may cost: the wires that it can cut. */
  wires: number;
  /** Failures that no retry of ours mends. */
  fails?: readonly string[];
  strike: Strike;
}

const WORKERS = ['worker-1', 'worker-2'];
const ALL_WIRES = WORKERS.length * ON_A_WIRE;

/** The one that was stopped is the one that goes on, whoever has taken its place meanwhile. */
export async function frozen(night: Night, child: string, ms: number): Promise<void> {
  const { pid } = night.app.stack.child(child);
  try {
    process.kill(pid, 'SIGSTOP');
    await delay(ms);
  } finally {
    try {
      process.kill(pid, 'SIGCONT');
    } catch {
      // Killed while it stood still.
    }
  }
}

function anyWorker(random: () => number): string {
  return WORKERS[Math.floor(random() * WORKERS.length)]!;
}

async function spoilUpstream(night: Night, faults: object[], ms: number): Promise<void> {
  await night.app.control('PUT', { faults });
  await delay(ms);
  await night.app.control('PUT', { faults: [] });
}

async function spoilStore(night: Night, rules: object[], ms: number, random: () => number): Promise<void> {
  await night.storeFaults(rules, Math.floor(random() * 1e9));
  await delay(ms);
  await night.storeFaults([]);
}

async function withoutMemory(night: Night, ms: number): Promise<void> {
  await night.redis.config('SET', 'maxmemory', '1mb');
  try {
    await delay(ms);
  } finally {
    await night.redis.config('SET', 'maxmemory', '0');
  }
}

export async function killedOften(night: Night, ms: number, random: () => number): Promise<void> {
  const endMs = Date.now() + ms;
  while (Date.now() < endMs) {
    signal(night, anyWorker(random), 'SIGKILL');
    await delay(1000 + random() * 2000);
  }
}

type OutageName = `provider ${keyof typeof OUTAGES}`;

/** No failure is explained by an outage: the jobs wait. */
function outages(): Record<OutageName, StrikeRule> {
  const rules = Object.entries(OUTAGES).map(([name, fault]): [string, StrikeRule] => [
    `provider ${name}`,
    { wires: 0, strike: (night, random) => outage(night, fault, random) },
  ]);
  return Object.fromEntries(rules) as Record<OutageName, StrikeRule>;
}

/** Killed often enough a picture is suspected, and killed while it is tried alone it is given up. */
const KILLED = ['worker_crashed'];

export const STRIKES = {
  'worker killed': {
    wires: ON_A_WIRE,
    strike: async (night, random) => signal(night, anyWorker(random), 'SIGKILL'),
  },
  'all workers killed': {
    wires: ALL_WIRES,
    strike: async (night) => {
      for (const worker of WORKERS) signal(night, worker, 'SIGKILL');
    },
  },
  'workers killed often': {
    wires: 10 * ON_A_WIRE,
    fails: KILLED,
    strike: (night, random) => killedOften(night, 10_000, random),
  },
  'worker drained': { wires: 0, strike: (night, random) => stopped(night, [anyWorker(random)]) },
  'api drained': { wires: 0, strike: (night) => stopped(night, ['api']) },
  'api and workers drained': { wires: 0, strike: (night) => stopped(night, ['api', ...WORKERS]) },
  // What a worker says of a lost lock is lost with its log.
  'log disk of a worker full': {
    wires: ON_A_WIRE,
    strike: (night, random) => fullLogDisk(night, anyWorker(random)),
  },
  'log disk of the api full': { wires: 0, strike: (night) => fullLogDisk(night, 'api') },
  'worker frozen past its lock': {
    wires: ON_A_WIRE,
    strike: (night, random) => frozen(night, anyWorker(random), 7000),
  },
  'api killed': { wires: 0, strike: async (night) => signal(night, 'api', 'SIGKILL') },
  'redis killed': { wires: ALL_WIRES, strike: async (night) => signal(night, 'redis', 'SIGKILL') },
  'redis emptied': { wires: ALL_WIRES, strike: async (night) => void (await night.redis.flushall()) },
  'redis frozen': { wires: ALL_WIRES, strike: (night, random) => frozen(night, 'redis', 5000 + random() * 10_000) },
  'redis out of memory': { wires: ALL_WIRES, strike: (night) => withoutMemory(night, 4000) },
  'store killed': { wires: ALL_WIRES, strike: async (night) => signal(night, 's3', 'SIGKILL') },
  'store frozen': { wires: ALL_WIRES, strike: (night) => frozen(night, 's3', 4000) },
  'store refuses': {
    wires: ALL_WIRES,
    strike: (night, random) => spoilStore(night, [{ kind: 'status', status: 503, rate: 0.3 }], 3000, random),
  },
  'store answers lost': {
    wires: ALL_WIRES,
    strike: (night, random) =>
      spoilStore(
        night,
        [
          { kind: 'cut', when: 'after', method: 'PUT', rate: 0.2 },
          { kind: 'status', status: 500, when: 'after', method: 'PUT', rate: 0.1 },
        ],
        3000,
        random,
      ),
  },
  // The clean-up fails for a time: nothing may wait for it or be announced again, and it must be done in the end.
  'store deletes nothing': {
    wires: 0,
    strike: (night, random) =>
      spoilStore(
        night,
        [
          { kind: 'status', status: 503, operation: 'DeleteObjects' },
          { kind: 'status', status: 503, operation: 'DeleteObject', keyPattern: '\\.image$' },
        ],
        3000,
        random,
      ),
  },
  'store slow': {
    wires: 0,
    strike: (night, random) => spoilStore(night, [{ kind: 'slow', delayMs: 400, rate: 0.5 }], 3000, random),
  },
  'store cuts and corrupts': {
    wires: ALL_WIRES,
    strike: (night, random) =>
      spoilStore(
        night,
        [
          { kind: 'corrupt', operation: 'GetObject', rate: 0.1 },
          { kind: 'cut', operation: 'GetObject', rate: 0.1 },
        ],
        3000,
        random,
      ),
  },
  'store sends thin pages': {
    wires: 0,
    strike: (night, random) => spoilStore(night, [{ kind: 'thin_pages' }], 5000, random),
  },
  'store refuses multi-delete': {
    wires: 0,
    strike: (night, random) => {
      const status = random() < 0.5 ? 405 : 501;
      return spoilStore(night, [{ kind: 'status', status, operation: 'DeleteObjects' }], 5000, random);
    },
  },
  'store keeps what it should delete': {
    wires: 0,
    strike: (night, random) => spoilStore(night, [{ kind: 'delete_errors', rate: 0.5 }], 4000, random),
  },
  'endpoint record absent': {
    wires: 0,
    strike: (night, random, incident) =>
      absentRecord(night, random, (tenant) => {
        incident.hiddenEndpointOf = tenant;
      }),
  },
  ...outages(),
  'upstream fails': {
    // Spoilt and cut answers may have been billed, but the journal says so of none that it counts as accepted.
    wires: ALL_WIRES,
    fails: ['upstream_'],
    strike: (night) => {
      const kinds = ['html', 'empty', 'truncate', 'garbage_cipher', 'swap_reply', 'reset', 'token_expired'];
      const faults = [...kinds.map((kind) => ({ kind, rate: 0.05 })), { kind: 'http', status: 503, rate: 0.1 }];
      return spoilUpstream(night, faults, 3000);
    },
  },
  'upstream hangs': {
    wires: ALL_WIRES,
    fails: ['upstream_'],
    strike: (night) =>
      spoilUpstream(
        night,
        [
          { kind: 'hang', rate: 0.1 },
          { kind: 'slow_drip', rate: 0.1, interval_ms: 100 },
        ],
        3000,
      ),
  },
  'upstream refuses': {
    wires: 0,
    strike: (night) => spoilUpstream(night, [{ kind: 'error', code: 18, rate: 0.5 }], 3000),
  },
  'token expires everywhere': {
    wires: 0,
    strike: (night) => spoilUpstream(night, [{ kind: 'token_expired', count: 4 }], 1000),
  },
  // More in a row would close the endpoint's lane for a minute, which is the webhook room's business.
  'receiver fails': { wires: 0, strike: async ({ inbox }) => void inbox.answers.push(500, 500, 500) },
} satisfies Record<string, StrikeRule>;

export type StrikeName = keyof typeof STRIKES;
export const STRIKE_NAMES = Object.keys(STRIKES) as StrikeName[];

/** Does it, and writes it into the night's log. What it needed and did not find, such as a live Redis, is no strike. */
export async function strike(night: Night, name: StrikeName, random: () => number): Promise<void> {
  const { wires, fails, strike: does }: StrikeRule = STRIKES[name];
  await night.during({ kind: name, wires, fails: fails ?? [] }, async (incident) => {
    const broken = await does(night, random, incident);
    if (Array.isArray(broken)) incident.broken = broken;
  });
}
