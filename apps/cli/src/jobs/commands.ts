/** The commands for users of the API. What they print on stdout is data; everything else goes to stderr. */
import type { Env } from '@cardseal/core/config';
import { JOB_STATES } from '@cardseal/core/job';
import { type Command, Option } from 'commander';
import { wholeNumber as count } from '../numbers.ts';
import { batchCommands } from './batch.ts';
import { connect } from './connection.ts';
import { type Output, printJobs, printJson } from './print.ts';
import { type SubmitOptions, submitCommand } from './submit.ts';

const json = () => new Option('--json', 'print JSON, an object per line');

export function jobCommands(program: Command, env: Env): void {
  program
    .command('submit <pictures...>')
    .description('submit cards; x-front.jpg and x-back.jpg are two sides of one')
    .addOption(
      new Option('--side <side>', 'of pictures whose name does not say').choices(['front', 'back']).default('front'),
    )
    .option('--wait', 'until every card has its result')
    .option('--reference <text>', 'yours; the name of the picture by default')
    .addOption(new Option('--priority <priority>', 'bulk gives way').choices(['interactive', 'bulk']))
    .option('--portrait', 'cut out the portrait too')
    .option('--concurrency <n>', 'cards under way at once', count, 8)
    .addOption(json())
    .action((pictures: string[], options: SubmitOptions) => submitCommand(env, pictures, options));

  program
    .command('get <job>')
    .description('read a job')
    .option('--wait', 'until it has ended')
    .addOption(json())
    .action(async (id: string, options: Output & { wait?: boolean }) => {
      const { jobs } = connect(env);
      printJobs([options.wait ? await jobs.wait(id) : await jobs.get(id)], options);
    });

  program
    .command('list')
    .description('list jobs, newest first')
    .addOption(new Option('--state <state>', 'only these').choices(JOB_STATES))
    .option('--reference <text>', 'only those with this reference')
    .option('--after <time>', 'only those made after it')
    .option('--before <time>', 'only those made before it')
    .option('--limit <n>', 'at most this many', count, 20)
    .addOption(json())
    .action((options) => listCommand(env, options));

  program
    .command('watch <job>')
    .description('print every change of state until the job has ended')
    .addOption(json())
    .action(async (id: string, options: Output) => {
      for await (const job of connect(env).jobs.watch(id)) {
        if (options.json) printJson(job);
        else process.stdout.write(`${job.state}${job.waiting_for ? `, waits for ${job.waiting_for}` : ''}\n`);
      }
    });

  const actions = {
    retry: 'try a failed or expired job again',
    cancel: 'cancel a job',
    erase: 'erase a job and everything of it, for good',
  } as const;
  for (const [action, description] of Object.entries(actions)) {
    program
      .command(`${action} <jobs...>`)
      .description(description)
      .addOption(json())
      .action(async (ids: string[], options: Output) => {
        const { jobs } = connect(env);
        for (const id of ids) printJobs([await jobs[action as keyof typeof actions](id)], options);
      });
  }

  batchCommands(program, env);
}

interface ListOptions extends Output {
  state?: (typeof JOB_STATES)[number];
  reference?: string;
  after?: string;
  before?: string;
  limit: number;
}

async function listCommand(env: Env, { state, reference, after, before, limit, ...output }: ListOptions) {
  const query = {
    limit: Math.min(100, limit),
    ...(state ? { state } : {}),
    ...(reference ? { reference } : {}),
    ...(after ? { created_after: new Date(after) } : {}),
    ...(before ? { created_before: new Date(before) } : {}),
  };
  const found = [];
  for await (const job of connect(env).jobs.list(query)) {
    found.push(job);
    if (found.length >= limit) break;
  }
  printJobs(found, output);
}
