/**
 * Shows that jobs waiting at a closed gate cost no attempt, no call and almost no CPU, and that all finish after it
 * opens (`npm run soak -- closed-gate`).
 * --minutes 5: how long the gate stays closed.
 * --jobs 10000: waiting jobs.
 * --qps 100: rate of the provider.
 * --workers 2: worker processes.
 */
import { parseArgs } from 'node:util';
import { printHelp } from '../support/program-help.ts';
import { waitAtClosedGate } from './closed-gate/experiment.ts';

printHelp(import.meta.url);

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    jobs: { type: 'string', default: '10000' },
    qps: { type: 'string', default: '100' },
    workers: { type: 'string', default: '2' },
  },
});

const findings = await waitAtClosedGate({
  jobs: Number(values.jobs),
  closedMs: Number(values.minutes) * 60_000,
  qps: Number(values.qps),
  workers: Number(values.workers),
  say: (line) => console.error(line),
});
for (const [name, value] of Object.entries(findings)) {
  console.log(`${name.padEnd(24)} ${typeof value === 'number' ? Math.round(value * 1000) / 1000 : value}`);
}
const problems = [
  findings.attemptsSpent > 0 && 'attempts were spent',
  findings.callsWhileClosed > 0 && 'calls were made',
  findings.quietJobStarts > 0 && 'jobs were started while closed',
  findings.resumedMs > 2000 && 'work was resumed late',
  findings.finished < findings.jobs && 'not all cards finished',
  findings.waitingFor !== 'quota' && 'a waiting job did not say why',
].filter((problem) => problem !== false);
for (const problem of problems) console.error(`FAILED: ${problem}`);
console.log(JSON.stringify(findings));
process.exitCode = problems.length > 0 ? 1 : 0;
