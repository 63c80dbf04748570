/**
 * Measures how fast the API accepts jobs without Redis (`npm run bench -- without-redis`). The API of a real stack
 * without workers serves a key with limits, which also use Redis: as usual, with Redis emptied, frozen and stopped.
 * Target: p99 within 50 ms of the better of the two normal runs, and only 202.
 * --cards 400: jobs per run.
 * --clients 4: simultaneous clients.
 */
import { parseArgs } from 'node:util';
import { plainJpeg } from '../support/images.ts';
import { printHelp } from '../support/program-help.ts';
import { startTestStack } from '../support/stack.ts';
import { startPrivateRedis } from './deliver/private-redis.ts';
import { type Latency, limitedKey, submitMany } from './without-redis/clients.ts';

printHelp(import.meta.url);

const MARK_MS = 50;
const WARM_UP = 40;

const { values } = parseArgs({
  options: { cards: { type: 'string', default: '400' }, clients: { type: 'string', default: '4' } },
});
const [cards, clients] = [Number(values.cards), Number(values.clients)];
const redis = await startPrivateRedis();
const app = await startTestStack({ workers: 0, redisUrl: redis.url, env: { LOG_LEVEL: 'error' } });
try {
  const target = { url: `${app.stack.info.apiUrl}/v1/jobs?side=front`, key: await limitedKey(app), clients };
  const image = await plainJpeg();
  const measure = (count: number) => submitMany(target, image, count);
  await measure(WARM_UP);

  // Repeat the normal run at the end: a difference between the two comes from the machine.
  const rows: [name: string, Latency][] = [['usual', await measure(cards)]];
  await redis.redis.flushall();
  rows.push(['emptied', await measure(cards)]);
  process.kill(redis.pid, 'SIGSTOP');
  rows.push(['standing still', await measure(cards)]);
  process.kill(redis.pid, 'SIGCONT');
  await redis.redis.ping();
  rows.push(['usual again', await measure(cards)]);
  await redis.stop();
  rows.push(['down', await measure(cards)]);

  console.log(`${cards} jobs, ${clients} at a time\n${''.padEnd(16)}  p50 ms   p99 ms  most ms`);
  for (const [name, { p50Ms, p99Ms, mostMs }] of rows) {
    const cells = [p50Ms, p99Ms, mostMs].map((ms) => ms.toFixed(1).padStart(8));
    console.log(`${name.padEnd(16)}${cells.join(' ')}`);
  }
  const isUsual = ([name]: (typeof rows)[number]) => name.startsWith('usual');
  const usualMs = Math.min(...rows.filter(isUsual).map(([, { p99Ms }]) => p99Ms));
  const met = rows.every((row) => isUsual(row) || row[1].p99Ms <= usualMs + MARK_MS);
  console.log(
    JSON.stringify({ bench: 'without-redis', met, markMs: MARK_MS, cards, clients, ...Object.fromEntries(rows) }),
  );
  process.exitCode = met ? 0 : 1;
} finally {
  await app.stop();
  await redis.stop();
}
