/**
 * `npm run chaos -- [--minutes N] [--seed S] [--rate R]`: strikes of every kind at random times under load, then rest, then the
 * checker. A report for people on stderr, as last line of stdout one JSON object; exit code 1 when an invariant broke.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startNight } from './night.ts';
import { STRIKE_NAMES, STRIKES, type StrikeName } from './strikes.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    rate: { type: 'string', default: '5' },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
const cardsPerSecond = Number(values.rate);
if (!(minutes > 0) || !Number.isInteger(seed) || !(cardsPerSecond > 0)) {
  console.error('usage: chaos [--minutes N] [--seed S] [--rate CARDS_PER_SECOND]');
  process.exit(2);
}
const BETWEEN_STRIKES_MS = 4000;
const REST_MS = 180_000;

console.error(`chaos: ${minutes} minutes, seed ${seed}`);
const random = seeded(seed);
const night = await startNight({ seed });
const endMs = Date.now() + minutes * 60_000;
const strikes: Partial<Record<StrikeName, number>> = {};
const recoveriesMs: number[] = [];
let bound = 0;

async function load(): Promise<void> {
  const pending = new Set<Promise<unknown>>();
  while (Date.now() < endMs) {
    const one = night.submit().finally(() => pending.delete(one));
    pending.add(one);
    await delay(1000 / cardsPerSecond);
  }
  await Promise.all(pending);
}

async function strike(): Promise<void> {
  while (Date.now() < endMs) {
    const name = STRIKE_NAMES[Math.floor(random() * STRIKE_NAMES.length)]!;
    console.error(`${new Date().toISOString()} ${name}`);
    strikes[name] = (strikes[name] ?? 0) + 1;
    bound += await STRIKES[name](night, random).catch(() => 0);
    recoveriesMs.push(await untilServed());
    await delay(random() * BETWEEN_STRIKES_MS);
  }
}

/** A card that is submitted after the strike, from its submit to its webhook. */
async function untilServed(): Promise<number> {
  const startedMs = Date.now();
  const { id } = await night.submit();
  await night.sink.events(id);
  return Date.now() - startedMs;
}

let exitCode = 1;
try {
  await Promise.all([load(), strike()]);
  const restMs = await night.quiet(REST_MS);
  const limits = { allowedRepeats: bound, mayFail: true };
  const evidence = await night.evidence(limits);
  const found = await night.check(limits);
  const accepted = evidence.calls.filter(({ outcome }) => outcome === 'accepted');
  const sorted = recoveriesMs.toSorted((a, b) => a - b);
  const report = {
    seed,
    minutes,
    cards: night.told.length,
    strikes,
    calls: evidence.calls.length,
    repeated: accepted.length - new Set(accepted.map(({ image_sha256 }) => image_sha256)).size,
    repeated_bound: bound,
    recovery_ms: { median: sorted[Math.floor(sorted.length / 2)], max: sorted.at(-1) },
    rest_ms: restMs,
    violations: found,
  };
  console.error(found.length === 0 ? 'every invariant held' : found.slice(0, 20).join('\n'));
  console.log(JSON.stringify(report));
  exitCode = found.length === 0 ? 0 : 1;
} finally {
  await night.stop();
}
process.exit(exitCode);

/** mulberry32: a seed gives the same strikes in the same order. */
function seeded(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
