/**
 * A night at which everything happens at once: the quota of one credential gone, another dead, one endpoint down, a
 * picture that ends workers, Redis restarted, all under load. `npm run soak -- drill`; `--help` tells the flags.
 */
import { parseArgs } from 'node:util';
import { runDrill } from './drill/run.ts';
import { tableOf } from './drill/timeline.ts';

const HELP = `npm run soak -- drill [--seed 1] [--rate 3] [--unabridged] [--screenshots]

Starts a stack of its own with three credentials, two workers, two webhook endpoints, and Debian's Prometheus with the
rules of infra/monitoring, and strikes it in five places at once while cards come in. It waits until the overview (JSON
and page) names each cause and the alert of each fires, mends all of it through the admin and the command line, and
closes the books: every card recognised, every outcome at both endpoints. Prints a timeline, last line one JSON object;
exit code 1 when anything was not named, rang nothing, was not mended or is missing.

  --seed         which cards (1)
  --rate         cards a second (3)
  --unabridged   the alert rules as they are; without it each \`for\` is a twelfth, and Redis is away for 20 s, not 75 s
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
  console.log(`\nthe overview told:\n${drill.told.map((what) => `- ${what}`).join('\n')}`);
  console.log(`\nalerts that fired: ${drill.rang.join(', ')}\n`);
  for (const problem of drill.problems) console.error(`FAILED: ${problem}`);
  console.log(JSON.stringify({ soak: 'drill', ok: drill.problems.length === 0, seed, ...drill }));
  process.exitCode = drill.problems.length === 0 ? 0 : 1;
}
