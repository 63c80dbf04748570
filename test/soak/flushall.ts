/**
 * Redis is emptied under many accepted cards, some of which have a reply that was paid for: `npm run soak -- flushall
 * --jobs 10000 [--replied 0.1] [--qps 200]`. The gate is closed by an operator meanwhile, which Redis must not forget
 * either. Fails if a card does not finish, or if one is called again.
 */
import { parseArgs } from 'node:util';
import { emptyRedis } from './flushall/experiment.ts';

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
  states.succeeded !== jobs && 'not every card succeeded',
  duplicates > 0 && 'a card was called twice',
  accepted !== jobs && 'calls and cards are not as many',
  calledWhileClosed > 0 && 'the gate was forgotten with Redis: calls were made',
].filter((problem) => problem !== false);
for (const problem of problems) console.error(`FAILED: ${problem}`);
console.log(JSON.stringify({ soak: 'flushall', ok: problems.length === 0, ...findings }));
process.exitCode = problems.length > 0 ? 1 : 0;
