/**
 * An incident drill with five simultaneous causes under load: one credential without quota, another with a dead key,
 * one endpoint down, an image that crashes workers, and a Redis restart. `npm run soak -- drill`; `--help` lists the
 * flags.
 */
import { parseArgs } from 'node:util';
import { runDrill } from './drill/run.ts';
import { tableOf } from './drill/timeline.ts';

const HELP = `npm run soak -- drill [--seed 1] [--rate 3] [--unabridged] [--screenshots]

Starts its own stack with three credentials, two workers, two webhook endpoints and Debian's Prometheus with the rules
of infra/monitoring, and injects five faults at once while jobs arrive. It waits until the overview (JSON and page)
names each cause and the alert of each fires, repairs every cause through the admin and the CLI, and checks the result:
every job recognised, every outcome at both endpoints. Prints a timeline and one JSON object as the last line. The exit
code is 1 when a cause was not named, raised no alert or was not repaired, or when an outcome is missing.

  --seed         the seed of the cards (1)
  --rate         jobs a second (3)
  --unabridged   the original alert rules; without it each \`for\` is a twelfth, and Redis is away for 20 s, not 75 s
  --screenshots  writes docs/screenshots/drill-*.png; needs Chromium`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    seed: { type: 'string', default: '1' },
    rate: { type: 'string', default: '3' },
    unabridged: { type: 'boolean', default: false },
    screenshots: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(HELP);
else {
  const [seed, perSecond] = [Number(values.seed), Number(values.rate)];
  const drill = await runDrill({
    seed,
    perSecond,
    shorten: values.unabridged ? null : 12,
    redisAwayMs: values.unabridged ? 75_000 : 20_000,
    screenshots: values.screenshots,
    say: (line) => console.error(line),
  });
  console.log(tableOf(drill.rows));
  console.log(`\nthe overview named:\n${drill.told.map((what) => `- ${what}`).join('\n')}`);
  console.log(`\nalerts that fired: ${drill.rang.join(', ')}\n`);
  for (const problem of drill.problems) console.error(`FAILED: ${problem}`);
  console.log(JSON.stringify({ soak: 'drill', ok: drill.problems.length === 0, seed, ...drill }));
  process.exitCode = drill.problems.length === 0 ? 0 : 1;
}
