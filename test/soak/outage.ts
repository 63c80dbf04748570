/**
 * Takes the provider away in one of six ways while jobs arrive (`npm run soak -- outage`). No job may fail, and all
 * must end within a minute after the provider returns.
 * --kind NAME: the kind of outage; may be repeated; all kinds by default.
 * --minutes 10: length of the outage.
 * --jobs 200: jobs during the outage.
 * --qps 20: rate of the provider.
 * --workers 2: worker processes.
 */
import { parseArgs } from 'node:util';
import { printHelp } from '../support/program-help.ts';
import { OUTAGE_KINDS, type OutageKind, outageProblems, surviveOutage } from './outage/experiment.ts';

printHelp(import.meta.url);

const { values } = parseArgs({
  options: {
    kind: { type: 'string', multiple: true, default: OUTAGE_KINDS },
    minutes: { type: 'string', default: '10' },
    jobs: { type: 'string', default: '200' },
    qps: { type: 'string', default: '20' },
    workers: { type: 'string', default: '2' },
  },
});

if (values.kind.some((kind) => !OUTAGE_KINDS.includes(kind as OutageKind))) {
  console.error(
    `usage: npm run soak -- outage [--kind ${OUTAGE_KINDS.join('|')}]… [--minutes 10] [--jobs 200] [--qps 20] [--workers 2]`,
  );
  process.exit(2);
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
