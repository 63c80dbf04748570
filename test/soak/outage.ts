/** The provider is away while jobs arrive, in six ways: none fails, and all end within a minute of its return. */
import { parseArgs } from 'node:util';
import { OUTAGE_KINDS, type OutageKind, outageProblems, surviveOutage } from './outage/experiment.ts';

const { values } = parseArgs({
  options: {
    kind: { type: 'string', multiple: true, default: OUTAGE_KINDS },
    minutes: { type: 'string', default: '10' },
    jobs: { type: 'string', default: '200' },
    qps: { type: 'string', default: '20' },
    workers: { type: 'string', default: '2' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help || values.kind.some((kind) => !OUTAGE_KINDS.includes(kind as OutageKind))) {
  console.error(
    `usage: npm run soak -- outage [--kind ${OUTAGE_KINDS.join('|')}]… [--minutes 10] [--jobs 200] [--qps 20] [--workers 2]`,
  );
  process.exit(values.help ? 0 : 2);
}

let failed = false;
for (const kind of values.kind as OutageKind[]) {
  const found = await surviveOutage({
    kind,
    jobs: Number(values.jobs),
    outageMs: Number(values.minutes) * 60_000,
    qps: Number(values.qps),
    workers: Number(values.workers),
    giveUpMs: 120_000,
    say: (line) => console.error(line),
  });
  const problems = outageProblems(found);
  failed ||= problems.length > 0;
  for (const [name, value] of Object.entries(found)) console.log(`${name.padEnd(20)} ${value}`);
  for (const problem of problems) console.error(`FAILED: ${kind}: ${problem}`);
  console.log(JSON.stringify(found));
}
process.exitCode = failed ? 1 : 0;
