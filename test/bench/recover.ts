/**
 * Measures how long the reconciler takes to restore an emptied Redis, and its memory meanwhile (`npm run bench --
 * recover`). It runs the worker's own scan over a ledger that generates names while they are listed, into a private
 * Redis. Each size has its own process. A second scan finds everything in place.
 * --pending 1000,10000,100000: numbers of pending jobs.
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { printHelp } from '../support/program-help.ts';
import { type Recovered, recoverOnce } from './recover/recovery.ts';

printHelp(import.meta.url);

const { values } = parseArgs({
  options: { pending: { type: 'string', default: '1000,10000,100000' }, one: { type: 'boolean', default: false } },
});

/** A separate process, so that the garbage of one scan does not affect the next. */
function apart(pending: number): Recovered {
  const args = [import.meta.filename, '--one', '--pending', String(pending)];
  return JSON.parse(execFileSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }).toString());
}

function print(rows: readonly Recovered[]): void {
  const heads = ['pending', 'put back s', 'a second', 'again s', 'GETs a card', 'LISTs', 'RSS MB first', 'RSS MB most'];
  console.log(heads.map((head) => head.padStart(13)).join(''));
  for (const it of rows) {
    const cells = [it.pending, it.walkS.toFixed(2), it.perSecond.toFixed(0), it.againS.toFixed(2)];
    const rest = [it.getsPerCard.toFixed(2), it.lists, it.rssMb[0], Math.max(...it.rssMb)];
    console.log([...cells, ...rest].map((cell) => `${cell}`.padStart(13)).join(''));
  }
  const at = 'RSS in MB at each tenth of the restoring scan:';
  for (const { pending, rssMb } of rows) console.log(`${at} ${String(pending).padStart(8)}: ${rssMb.join(' ')}`);
}

if (values.one) {
  console.log(JSON.stringify(await recoverOnce(Number(values.pending))));
} else {
  const rows = values.pending.split(',').map((pending) => apart(Number(pending)));
  print(rows);
  console.log(JSON.stringify({ bench: 'recover', node: process.version, rows }));
  process.exitCode = rows.every(({ requeued, pending }) => requeued === pending) ? 0 : 1;
}
