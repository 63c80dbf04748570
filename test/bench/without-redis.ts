/**
 * How fast a card is accepted without Redis: `npm run bench -- without-redis [--cards 400] [--clients 4]`. The API of a real
 * stack without workers is asked by a key with limits, which are kept in Redis too: as usual, emptied, standing still, and down.
 * Mark: p99 within 50 ms of the better of the two usual ones, nothing but 202.
 */
import { parseArgs } from 'node:util';
import { plainJpeg } from '../support/images.ts';
import { startTestStack } from '../support/stack.ts';
import { startPrivateRedis } from './deliver/private-redis.ts';
import { type Latency, limitedKey, submitMany } from './without-redis/clients.ts';

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
  const picture = await plainJpeg();
  const measure = (count: number) => submitMany(target, picture, count);
  await measure(WARM_UP);

  // The usual again at the end: what changed in between was the machine.
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

  console.log(`${cards} cards, ${clients} at a time\n${''.padEnd(16)}  p50 ms   p99 ms  most ms`);
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
