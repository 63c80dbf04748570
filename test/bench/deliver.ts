/**
 * Measures what failing receivers cost healthy ones (`npm run bench -- deliver`): in simulated time with the real
 * endpoint limits, then the webhooks that one worker sends per second, the memory of Redis with many endpoints, and the
 * load on a receiver that returns after an hour.
 * --seconds 20: simulated seconds of events.
 * --endpoints 5000: number of endpoints.
 * --webhooks 3000: webhooks of the throughput run.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { createEndpointLimits } from '@cardseal/core/queue';
import { printHelp } from '../support/program-help.ts';
import { type PrivateRedis, startPrivateRedis } from './deliver/private-redis.ts';
import { NO_LANES, percentile, type SimulatedEndpoint, seeded, simulate } from './deliver/simulation.ts';
import { measureThroughput } from './deliver/throughput.ts';

if (import.meta.main) printHelp(import.meta.url);

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const ENDPOINTS = 100;
const EVENTS_PER_SECOND = 500;
const SLOTS = 200;

async function isolation({ redis }: PrivateRedis, seconds: number, deadShare: number, withLanes: boolean) {
  await redis.flushall();
  const dead = Math.round(ENDPOINTS * deadShare);
  const endpoints = Array.from({ length: ENDPOINTS }, (_, n): SimulatedEndpoint => {
    if (n < dead) return { id: `dead-${n}`, answer: () => ({ class: 'timeout', latencyMs: 15 * SECOND }) };
    return { id: `well-${n}`, answer: () => ({ class: 'delivered', latencyMs: 100 }) };
  });
  const result = await simulate({
    endpoints,
    events: { perSecond: EVENTS_PER_SECOND, count: EVENTS_PER_SECOND * seconds },
    slots: SLOTS,
    untilMs: (seconds + 120) * SECOND,
    lanes: withLanes ? createEndpointLimits(redis, '{bench}') : NO_LANES,
    random: seeded(7),
  });
  const waits = result.waits.filter(({ endpoint }) => endpoint.startsWith('well')).map(({ waitMs }) => waitMs);
  return {
    deadShare,
    lanes: withLanes,
    p50Ms: percentile(waits, 0.5),
    p99Ms: percentile(waits, 0.99),
    sent: waits.length,
  };
}

/** Two events per second for an hour to a receiver that returns 503, then recovers; prints the attempts per minute. */
async function outage({ redis }: PrivateRedis) {
  await redis.flushall();
  const result = await simulate({
    endpoints: [
      {
        id: 'back',
        answer: (nowMs) =>
          nowMs < HOUR ? { class: 'throttling', latencyMs: 20 } : { class: 'delivered', latencyMs: 100 },
      },
    ],
    events: { perSecond: 2, count: 7200 },
    slots: SLOTS,
    untilMs: 4 * HOUR,
    lanes: createEndpointLimits(redis, '{bench}'),
    random: seeded(8),
  });
  const perSecond = new Map<number, number>();
  for (const { atMs } of result.tries) {
    const second = Math.floor(atMs / SECOND);
    perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
  }
  const after = [...perSecond].filter(([second]) => second >= 3600).sort(([a], [b]) => a - b);
  const first = after[0]?.[0] ?? 0;
  console.log('\nafter one hour of outage: attempts at the receiver, by second after the first success');
  for (const [second, count] of after.slice(0, 40)) {
    console.log(
      `${String(second - first).padStart(6)} s ${String(count).padStart(5)} ${'#'.repeat(Math.ceil(count / 10))}`,
    );
  }
  return {
    triesDuringOutage: result.tries.filter(({ atMs }) => atMs < HOUR).length,
    delivered: result.delivered,
    highestPerSecond: Math.max(...after.map(([, count]) => count)),
    drainedAfterS: (after.findLast(([, count]) => count > 5)?.[0] ?? first) - first,
  };
}

export async function main(args: readonly string[] = []): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '20' },
      endpoints: { type: 'string', default: '5000' },
      webhooks: { type: 'string', default: '3000' },
    },
  });
  const own = await startPrivateRedis();
  try {
    const rows = [];
    console.log(
      `${EVENTS_PER_SECOND} events/s, ${ENDPOINTS} endpoints, ${SLOTS} slots; simulated time, real endpoint limits`,
    );
    for (const [share, lanes] of [
      [0, true],
      [0.03, true],
      [0.1, true],
      [0.03, false],
    ] as const) {
      const row = await isolation(own, Number(values.seconds), share, lanes);
      rows.push(row);
      const name = `${share * 100} % failing${lanes ? '' : ', limits removed'}`;
      console.log(`${name.padEnd(28)} healthy wait p50 ${row.p50Ms.toFixed(0)} ms, p99 ${row.p99Ms.toFixed(0)} ms`);
    }
    const outageRow = await outage(own);
    console.log(outageRow);
    const throughput = await measureThroughput(Number(values.webhooks), Number(values.endpoints));
    console.log(
      `\none worker, the store's double, all on this machine: ${throughput.webhooksPerSecond.toFixed(0)} webhooks/s; ${throughput.endpoints} endpoints: Redis ${throughput.redisMiB.toFixed(1)} MiB more, worker ${throughput.workerMiB.toFixed(1)} MiB more`,
    );
    const machine = { node: process.version, cpus: availableParallelism() };
    console.log(JSON.stringify({ bench: 'deliver', ...machine, rows, outage: outageRow, throughput }));
    return 0;
  } finally {
    await own.stop();
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
