/**
 * Measures the cost of a job with more workers and more waiting jobs (`npm run bench -- scale`): rate, CPU time of
 * workers and Redis per job, memory. Each row has its own stack. The cores of the machine bound the rate, so the CPU
 * time must stay flat, compared with a control run without a stack.
 * --workers 1,2,4: worker processes.
 * --waiting 1000,10000,100000,1000000: waiting jobs.
 * --cards 500: measured jobs per worker.
 * --rounds 3: number of rounds.
 */
import { parseArgs } from 'node:util';
import { printHelp } from '../support/program-help.ts';
import { workPerCpuSecond } from './scale/control.ts';
import { type Row, runRow } from './scale/run.ts';

printHelp(import.meta.url);

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '1,2,4' },
    waiting: { type: 'string', default: '1000,10000,100000,1000000' },
    cards: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '3' },
  },
});
const FLAT = 0.1;
const numbers = (text: string) => text.split(',').filter(Boolean).map(Number);
const cards = Number(values.cards);
const rounds = Number(values.rounds);
const median = (list: number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;

const [fewest = 1] = numbers(values.workers);
const shapes = [
  ...numbers(values.workers).map((workers) => ({ workers, waiting: 0 })),
  ...numbers(values.waiting).map((waiting) => ({ workers: fewest, waiting })),
];
const raw: Row[] = [];
const controls = new Map<number, number[]>(shapes.map(({ workers }) => [workers, []]));
console.log('workers  waiting    jobs/s  worker CPU ms/job   Redis CPU ms/job   worker RSS MB  Redis MB');
for (let round = 0; round < rounds; round++) {
  for (const [workers, rates] of controls) rates.push(await workPerCpuSecond(workers));
  // In turn, so that a slow phase of the machine affects all shapes alike.
  for (const shape of shapes) {
    const say = (line: string) => process.stderr.write(`\r${JSON.stringify(shape)} ${line}`.padEnd(70));
    const row = await runRow({ ...shape, cards, say });
    process.stderr.write(`\r${''.padEnd(70)}\r`);
    raw.push(row);
    print(row);
  }
}

console.log(`median of ${rounds}`);
const rows = shapes.map((shape) => {
  const of = raw.filter(({ workers, waiting }) => workers === shape.workers && waiting === shape.waiting);
  const middle = (pick: (row: Row) => number) => median(of.map(pick));
  return {
    ...shape,
    perSecond: middle((row) => row.perSecond),
    cpuMsPerCard: middle((row) => row.cpuMsPerCard),
    redisCpuMsPerCard: middle((row) => row.redisCpuMsPerCard),
    workerRssMb: middle((row) => row.workerRssMb),
    redisMb: middle((row) => row.redisMb),
  };
});
for (const row of rows) print(row);
const base = rows[0]!.cpuMsPerCard;
const round2 = (value: number) => Math.round(value * 100) / 100;
const off = rows.map(({ cpuMsPerCard }) => round2(cpuMsPerCard / base - 1));
const machine = rows.map(({ workers }) => round2(middleControl(fewest) / middleControl(workers) - 1));
const own = rows.map(({ cpuMsPerCard }, at) => round2(cpuMsPerCard / base / (1 + machine[at]!) - 1));
console.log(`CPU per job compared with ${fewest} worker without a backlog: ${off.join(', ')}`);
console.log(`the same work in independent processes: ${machine.join(', ')}`);
console.log(`the remaining difference, caused by this project: ${own.join(', ')} (target: ±${FLAT})`);
console.log(JSON.stringify({ bench: 'scale', node: process.version, cards, off, machine, own, rows, raw }));
process.exitCode = own.every((each) => each <= FLAT) ? 0 : 1;

function middleControl(workers: number): number {
  return median(controls.get(workers)!);
}

function print(row: Row): void {
  const cells = [
    String(row.workers).padStart(7),
    String(row.waiting).padStart(8),
    row.perSecond.toFixed(1).padStart(9),
    row.cpuMsPerCard.toFixed(2).padStart(19),
    row.redisCpuMsPerCard.toFixed(2).padStart(18),
    row.workerRssMb.toFixed(0).padStart(14),
    row.redisMb.toFixed(0).padStart(9),
  ];
  console.log(cells.join(' '));
}
