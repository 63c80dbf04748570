/**
 * Counts the object-store requests of one job over its life, by kind and folder (`npm run bench -- requests`): one
 * side, one endpoint, an Idempotency-Key, delivered at the first attempt. Background requests of the processes are
 * measured on the idle stack and subtracted.
 * --cards 200: number of jobs.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startHarness } from '../chaos/harness/index.ts';
import { printHelp } from '../support/program-help.ts';

printHelp(import.meta.url);

const IDLE_MS = 10_000;
const QUIET_MS = 120_000;
const KINDS = ['PutObject', 'GetObject', 'HeadObject', 'ListObjectsV2', 'DeleteObject', 'DeleteObjects'];

const { values } = parseArgs({ options: { cards: { type: 'string', default: '200' } } });
const cards = Number(values.cards);
const harness = await startHarness({
  seed: 702,
  workers: 1,
  env: { RECONCILE_INTERVAL_MS: '600000', LOG_LEVEL: 'warn' },
});
const control = `${harness.app.stack.info.s3.endpoint}/__control/stats`;

async function counted(work: () => Promise<unknown>): Promise<{ counts: Record<string, number>; ms: number }> {
  await fetch(`${control}/reset`, { method: 'POST' });
  const startedMs = performance.now();
  await work();
  const counts = (await (await fetch(`${control}?by=prefix`)).json()) as Record<string, number>;
  return { counts, ms: performance.now() - startedMs };
}

async function untilDelivered(): Promise<void> {
  const accepted = await harness.submitMany(cards);
  await Promise.all(accepted.map(({ id }) => harness.inbox.event(id)));
  // Events arrive before their markers are deleted. One poll for all keeps its own requests negligible.
  await delay(2000);
}

try {
  await harness.submit();
  await harness.settle(QUIET_MS);
  const idle = await counted(() => delay(IDLE_MS));
  const busy = await counted(untilDelivered);
  await harness.settle(QUIET_MS);
  const perCard: Record<string, number> = {};
  const rows = Object.entries(busy.counts).map(([name, count]) => {
    const own = ((idle.counts[name] ?? 0) * busy.ms) / idle.ms;
    const each = Math.max(0, count - own) / cards;
    const kind = name.split(' ')[0]!;
    perCard[kind] = (perCard[kind] ?? 0) + each;
    return { name, each };
  });
  for (const { name, each } of rows)
    if (each >= 0.005) console.log(`${name.padEnd(32)} ${each.toFixed(2).padStart(7)}`);
  for (const kind of KINDS)
    if (perCard[kind]) console.log(`${`all ${kind}`.padEnd(32)} ${perCard[kind].toFixed(2).padStart(7)}`);
  console.log(JSON.stringify({ bench: 'requests', cards, seconds: busy.ms / 1000, perCard }));
} finally {
  await harness.stop();
}
