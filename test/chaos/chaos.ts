/**
 * `npm run chaos -- [--minutes N] [--seed S] [--rate R]`: injects faults of every kind in an order given by the seed,
 * under the load of three tenants. Then the system settles and the checker runs. It prints a table on stderr and one
 * JSON object as the last line of stdout. The exit code is 1 when an invariant broke.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { violations } from './checker/index.ts';
import { type Harness, startHarness } from './harness/index.ts';
import { INJECTION_NAMES, inject } from './injections.ts';
import { type Recovery, reportOf, tableOf } from './report.ts';
import { schedule } from './rng.ts';

const TENANTS = 3;
const PAUSE_MS = 4000;
const REST_MS = 240_000;
/** I6: the webhook of a job submitted after a fault arrives within this time. */
const SERVED_WITHIN_MS = 120_000;
/** The most submits without a response; more would only measure this program. */
const MOST_AT_ONCE = 400;
const SAY_EVERY_MS = 60_000;
const USAGE = 'usage: npm run chaos -- [--minutes N] [--seed S] [--rate JOBS_PER_SECOND]';
const HELP = `${USAGE}

Injects faults of every kind under load, waits until no work is left, then checks the invariants of every job.
  --minutes  how long faults are injected (2)
  --seed     order and timing of the faults; the same seed repeats them (random)
  --rate     submitted jobs per second (5)
The last line is one JSON object; the exit code is 1 when an invariant broke. See docs/understand/faults.md.`;

const { minutes, seed, rate } = readOptions();
process.exit(await run());

function readOptions() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '2' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      rate: { type: 'string', default: '5' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const options = { minutes: Number(values.minutes), seed: Number(values.seed), rate: Number(values.rate) };
  if (options.minutes > 0 && Number.isInteger(options.seed) && options.rate > 0) return options;
  console.error(USAGE);
  process.exit(2);
}

/** Returns the exit code. */
async function run(): Promise<number> {
  say(`${minutes} minutes, seed ${seed}, ${rate} jobs a second`);
  const harness = await startHarness({ seed, tenants: TENANTS });
  const endMs = Date.now() + minutes * 60_000;
  const early = delay(Math.min(120_000, minutes * 20_000)).then(() => process.memoryUsage.rss());
  const progress = setInterval(
    () => say(`${harness.accepted.length} jobs accepted, ${harness.inbox.jobs.size} delivered`),
    SAY_EVERY_MS,
  );
  try {
    const [, recoveries] = await Promise.all([load(harness, endMs), injectFaults(harness, endMs)]);
    const found: string[] = recoveries
      .filter(({ ms }) => ms === null)
      .map(({ name }) => `I6: no webhook within ${SERVED_WITHIN_MS} ms after "${name}"`);
    say('load ended: waiting until no work is left, then checking');
    const restMs = await harness.settle(REST_MS).catch((error: Error) => void found.push(`I6: ${error.message}`));
    const evidence = await harness.evidence();
    found.push(...(await violations(evidence)));
    const runnerRssBytes = { early: await early, end: process.memoryUsage.rss() };
    const report = await reportOf(
      { seed, minutes, rate, recoveries, restMs: restMs ?? null, runnerRssBytes },
      evidence,
      found,
    );
    console.error(tableOf(report));
    console.log(JSON.stringify(report));
    return found.length === 0 ? 0 : 1;
  } finally {
    clearInterval(progress);
    await harness.stop();
  }
}

async function load(harness: Harness, endMs: number): Promise<void> {
  const pending = new Set<Promise<unknown>>();
  while (Date.now() < endMs) {
    const one = harness.submit().finally(() => pending.delete(one));
    pending.add(one);
    await delay(1000 / rate);
    if (pending.size >= MOST_AT_ONCE) await Promise.race(pending);
  }
  await Promise.all(pending);
}

async function injectFaults(harness: Harness, endMs: number): Promise<Recovery[]> {
  const recoveries: Recovery[] = [];
  for (const { name, random, pauseMs } of schedule(seed, INJECTION_NAMES, PAUSE_MS)) {
    if (Date.now() >= endMs) break;
    await inject(harness, name, random).catch((error: Error) => say(`${name}: ${error.message}`));
    const ms = await untilServed(harness);
    recoveries.push({ name, ms });
    say(`${name}: ${ms === null ? 'no webhook afterwards' : `served again after ${(ms / 1000).toFixed(1)} s`}`);
    await delay(pauseMs);
  }
  return recoveries;
}

/** Submits a job after the fault. Returns the time from its submit to its webhook, or null when it took too long. */
async function untilServed(harness: Harness): Promise<number | null> {
  const startedMs = Date.now();
  const served = harness.submit().then(({ id }) => harness.inbox.event(id));
  const late = delay(SERVED_WITHIN_MS, 'late' as const, { ref: false });
  return (await Promise.race([served, late])) === 'late' ? null : Date.now() - startedMs;
}

function say(text: string): void {
  console.error(`${new Date().toISOString()} chaos: ${text}`);
}
