/**
 * Empties Redis under many accepted jobs, some of which already have a paid reply (`npm run soak -- flushall`). An
 * operator's closed gate must survive it too. It fails when a job does not finish or is called again.
 * --jobs 10000: accepted jobs.
 * --replied 0.1: share of jobs with a stored reply.
 * --qps 200: rate of the provider.
 * --workers 2: worker processes.
 */
import { parseArgs } from 'node:util';
import { printHelp } from '../support/program-help.ts';
import { emptyRedis } from './flushall/experiment.ts';

printHelp(import.meta.url);

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '10000' },
    replied: { type: 'string', default: '0.1' },
    qps: { type: 'string', default: '200' },
    workers: { type: 'string', default: '2' },
  },
});
const findings = await emptyRedis({
  jobs: Number(values.jobs),
  repliedShare: Number(values.replied),
  qps: Number(values.qps),
  workers: Number(values.workers),
  say: (line) => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`),
});
for (const [name, value] of Object.entries(findings)) {
  console.log(
    `${name.padEnd(18)} ${typeof value === 'number' ? Math.round(value * 1000) / 1000 : JSON.stringify(value)}`,
  );
}
const { jobs, accepted, duplicates, calledWhileClosed, states } = findings;
const problems = [
  states.succeeded !== jobs && 'not every job succeeded',
  duplicates > 0 && 'a job was called twice',
  accepted !== jobs && 'the number of calls differs from the number of jobs',
  calledWhileClosed > 0 && 'calls were made although an operator had closed the gate',
].filter((problem) => problem !== false);
for (const problem of problems) console.error(`FAILED: ${problem}`);
console.log(JSON.stringify({ soak: 'flushall', ok: problems.length === 0, ...findings }));
process.exitCode = problems.length > 0 ? 1 : 0;
