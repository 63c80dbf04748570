/**
 * Compares fair shares with first come, first served (`npm run bench -- fairness`): how long a small tenant waits while
 * another has a backlog, and how well shares follow weights. It uses the real queue, priorities and workers over a
 * private Redis. A job is a fixed time of work, since real jobs would take hours.
 * --backlog 50000: queued jobs of the other tenant.
 * --cards 30: measured jobs of the small tenant.
 * --rounds 5: number of rounds.
 * --work-ms 40: work per job in ms.
 */
import { parseArgs } from 'node:util';
import { printHelp } from '../support/program-help.ts';
import { type RunOptions, runQueue } from './fairness/queue-run.ts';
import { startBenchRedis } from './fairness/redis.ts';

printHelp(import.meta.url);

const { values } = parseArgs({
  options: {
    backlog: { type: 'string', default: '50000' },
    cards: { type: 'string', default: '30' },
    rounds: { type: 'string', default: '5' },
    'work-ms': { type: 'string', default: '40' },
  },
});
const backlog = Number(values.backlog);
const cards = Number(values.cards);
const rounds = Number(values.rounds);
const workMs = Number(values['work-ms']);

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
const round = (value: number) => Math.round(value * 100) / 100;

/** Waiting time of single jobs, from adding to the end. */
async function smallTenant(options: Omit<RunOptions, 'redisUrl'>): Promise<number[]> {
  const redis = await startBenchRedis();
  try {
    return (await runQueue({ ...options, redisUrl: redis.url })).waitsMs;
  } finally {
    await redis.stop();
  }
}

const waits = { idle: [] as number[], fair: [] as number[], fifo: [] as number[] };
const raw: Record<string, number[]> = { idle: [], fair: [], fifo: [] };
for (let at = 0; at < rounds; at++) {
  const common = { workMs, concurrency: 10, small: cards, weights: { big: 1, small: 1 } };
  const runs = {
    idle: await smallTenant({ ...common, mode: 'fair', backlog: 0 }),
    fair: await smallTenant({ ...common, mode: 'fair', backlog }),
    // The first job would wait for the whole backlog, so a tenth of it is measured and extrapolated.
    fifo: await smallTenant({ ...common, mode: 'fifo', backlog: Math.min(backlog, 2000), small: 1 }),
  };
  for (const name of ['idle', 'fair', 'fifo'] as const) {
    waits[name].push(median(runs[name]));
    raw[name]!.push(...runs[name].map(round));
  }
}
const fifoMs = median(waits.fifo) * (backlog / Math.min(backlog, 2000));

const redis = await startBenchRedis();
const weights: Record<string, number> = { one: 1, two: 2, five: 5 };
const served = await runQueue({
  redisUrl: redis.url,
  mode: 'fair',
  backlog: 2000,
  workMs: 5,
  concurrency: 10,
  small: 0,
  weights,
  stopAfter: 2000,
}).finally(() => redis.stop());
const total = Object.values(served.served).reduce((sum, count) => sum + count, 0);
const weightSum = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
const shares = Object.entries(weights).map(([tenant, weight]) => {
  const share = served.served[tenant]! / total;
  return { tenant, weight, share: round(share * 100) / 100, off: share / (weight / weightSum) - 1 };
});

const idle = median(waits.idle);
const fair = median(waits.fair);
console.log(`wait of a small tenant's jobs, median of ${rounds} rounds (a job is ${workMs} ms of work, 10 at once)`);
console.log('  idle system                   ', `${round(idle)} ms`);
console.log(`  ${backlog} of another, fair      `, `${round(fair)} ms   ${round(fair / idle)} × idle (target: 2)`);
console.log(
  `  ${backlog} of another, first come`,
  `${round(fifoMs)} ms   ${round(fifoMs / idle)} × idle (extrapolated)`,
);
console.log('spread of rounds (ms):', JSON.stringify(waits.idle.map(round)), JSON.stringify(waits.fair.map(round)));
console.log('tenant  weight  share   off');
for (const { tenant, weight, share, off } of shares) {
  console.log(`${tenant.padEnd(7)} ${String(weight).padEnd(7)} ${String(share).padEnd(7)} ${round(off * 100)} %`);
}
console.log(
  JSON.stringify({
    bench: 'fairness',
    backlog,
    rounds,
    idle_ms: round(idle),
    fair_ms: round(fair),
    fifo_ms: round(fifoMs),
    ratio: round(fair / idle),
    shares,
    raw,
  }),
);
