/**
 * Sends generated cards with both sides and all scenarios through the whole stack (`npm run soak -- cards`) and
 * compares every field, date, flag, check and verdict with the generator's truth. It fails on a single wrong or lost
 * card.
 * --count 5000: number of cards.
 * --seed 1: seed of the cards.
 */
import { parseArgs } from 'node:util';
import { runCards, type ScenarioCount, totalOf } from '../support/card-run.ts';
import { printHelp } from '../support/program-help.ts';
import { startTestStack, startWebhookSink } from '../support/stack.ts';

printHelp(import.meta.url);

const { values } = parseArgs({
  options: { count: { type: 'string', default: '5000' }, seed: { type: 'string', default: '1' } },
});
const [count, seed] = [Number(values.count), Number(values.seed)];
const [app, sink] = await Promise.all([
  startTestStack({ baiduQps: 1000, env: { ...process.env, LOG_LEVEL: 'warn' } }),
  startWebhookSink(),
]);
try {
  await app.control('PUT', { latency_ms: { p50: 2, p99: 10 } });
  const { body } = await app.call('POST', '/v1/webhook-endpoints', {
    body: JSON.stringify({ url: sink.url }),
    headers: { 'content-type': 'application/json' },
  });
  sink.verifyWith(body.secret);
  process.stderr.write(`${count} cards from seed ${seed}\n`);
  const report = await runCards(app, sink, {
    count,
    seed,
    onProgress: (finished) => finished % 250 === 0 && process.stderr.write(`${finished} of ${count}\n`),
  });
  const total = totalOf(report);
  const stats = await app.stats();
  for (const mistake of report.mistakes) process.stderr.write(`${mistake}\n`);
  const line = (name: string, { cards, right, wrong, lost, compared }: ScenarioCount) =>
    console.log([name.padEnd(18), ...[cards, right, wrong, lost, compared].map((it) => `${it}`.padStart(9))].join(''));
  console.log(
    ['scenario'.padEnd(18), ...['cards', 'right', 'wrong', 'lost', 'compared'].map((it) => it.padStart(9))].join(''),
  );
  for (const [name, counted] of report.scenarios) line(name, counted);
  line('all', total);
  const { seconds } = report;
  const calls = {
    accepted: stats.accepted,
    duplicates: stats.duplicates_by_image,
    other: stats.calls! - stats.accepted!,
  };
  console.log(JSON.stringify({ soak: 'cards', seed, ...total, calls, seconds, cardsPerSecond: count / seconds }));
  const clean = total.right === count && stats.duplicates_by_image === 0;
  process.exitCode = clean ? 0 : 1;
} finally {
  await app.stop();
  await sink.stop();
}
