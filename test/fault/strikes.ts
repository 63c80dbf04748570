/**
 * What is done to a night: each strike happens, lasts, and is over when it resolves. It returns how many accepted calls
 * it may have cost beyond the first of each side, which is the checker's bound.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Night, ON_A_WIRE } from './night.ts';

export type Strike = (night: Night, random: () => number) => Promise<number>;

function signal(night: Night, child: string, name: NodeJS.Signals): void {
  try {
    process.kill(night.app.stack.child(child).pid, name);
  } catch {
    // It has just died of something else.
  }
}

async function frozen(night: Night, child: string, ms: number): Promise<void> {
  signal(night, child, 'SIGSTOP');
  await delay(ms);
  signal(night, child, 'SIGCONT');
}

function anyWorker(random: () => number): string {
  return random() < 0.5 ? 'worker-1' : 'worker-2';
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

const BOTH_WIRES = 2 * ON_A_WIRE;

export const STRIKES = {
  async 'worker killed'(night, random) {
    signal(night, anyWorker(random), 'SIGKILL');
    return ON_A_WIRE;
  },
  async 'worker drained'(night, random) {
    signal(night, anyWorker(random), 'SIGTERM');
    return 0;
  },
  async 'worker frozen past its lock'(night, random) {
    await frozen(night, anyWorker(random), 7000);
    return ON_A_WIRE;
  },
  async 'api killed'(night) {
    signal(night, 'api', 'SIGKILL');
    return 0;
  },
  async 'redis killed'(night) {
    signal(night, 'redis', 'SIGKILL');
    return BOTH_WIRES;
  },
  async 'redis emptied'(night) {
    await night.redis.flushall();
    return BOTH_WIRES;
  },
  async 'redis frozen'(night, random) {
    await frozen(night, 'redis', 2000 + random() * 5000);
    return BOTH_WIRES;
  },
  async 'store refuses'(night, random) {
    await spoilStore(night, [{ kind: 'status', status: 503, rate: 0.3 }], 3000, random);
    return BOTH_WIRES;
  },
  async 'store answers lost'(night, random) {
    const rules = [
      { kind: 'cut', when: 'after', method: 'PUT', rate: 0.2 },
      { kind: 'status', status: 500, when: 'after', method: 'PUT', rate: 0.1 },
    ];
    await spoilStore(night, rules, 3000, random);
    return BOTH_WIRES;
  },
  async 'store slow'(night, random) {
    await spoilStore(night, [{ kind: 'slow', delayMs: 400, rate: 0.5 }], 3000, random);
    return 0;
  },
  async 'upstream fails'(night) {
    const kinds = ['html', 'empty', 'truncate', 'garbage_cipher', 'reset', 'token_expired'];
    const faults = [...kinds.map((kind) => ({ kind, rate: 0.05 })), { kind: 'http', status: 503, rate: 0.1 }];
    await spoilUpstream(night, faults, 3000);
    // Spoilt and cut answers may have been billed, but the journal says so of none that it counts as accepted.
    return BOTH_WIRES;
  },
  async 'upstream refuses'(night) {
    await spoilUpstream(night, [{ kind: 'error', code: 18, rate: 0.5 }], 3000);
    return 0;
  },
  async 'receiver fails'({ sink }) {
    // More in a row would close the endpoint's lane for a minute, which is the webhook room's business.
    sink.answers.push(500, 500, 500);
    return 0;
  },
} satisfies Record<string, Strike>;

export type StrikeName = keyof typeof STRIKES;
export const STRIKE_NAMES = Object.keys(STRIKES) as StrikeName[];
