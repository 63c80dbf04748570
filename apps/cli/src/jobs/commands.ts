/** The commands for users of the API. They print data on stdout and everything else on stderr. */
import type { Env } from '@cardseal/core/config';
import { JOB_STATES } from '@cardseal/core/job';
import { type Command, Option } from 'commander';
import { wholeNumber as count } from '../support/arguments.ts';
import { type Output, printJobs, printJson } from '../support/print.ts';
import { batchCommands } from './batch.ts';
import { connect } from './connection.ts';
import { type SubmitOptions, submitCommand } from './submit.ts';

const json = () => new Option('--json', 'print JSON, an object per line');

export function jobCommands(program: Command, env: Env): void {
  program
    .command('submit <images...>')
    .description('submit images of cards; x-front.jpg and x-back.jpg become the two sides of one job')
    .addOption(
      new Option('--side <side>', 'the side of images whose file name does not end with front or back')
        .choices(['front', 'back'])
        .default('front'),
    )
    .option('--wait', 'wait until every job has ended')
    .option('--reference <text>', 'your reference; the file name by default')
    .addOption(
      new Option('--priority <priority>', 'bulk jobs wait for interactive jobs').choices(['interactive', 'bulk']),
    )
    .option('--portrait', 'also cut out the portrait')
    .option('--concurrency <n>', 'jobs submitted at the same time', count, 8)
    .addOption(json())
    .action((images: string[], options: SubmitOptions) => submitCommand(env, images, options));

  program
    .command('get <job>')
    .description('show a job')
    .option('--wait', 'wait until it has ended')
    .addOption(json())
    .action(async (id: string, options: Output & { wait?: boolean }) => {
      const { jobs } = connect(env);
      printJobs([options.wait ? await jobs.wait(id) : await jobs.get(id)], options);
    });

  program
    .command('list')
    .description('list jobs, newest first')
    .addOption(new Option('--state <state>', 'only jobs in this state').choices(JOB_STATES))
    .option('--reference <text>', 'only jobs with this reference')
    .option('--after <time>', 'only jobs created after this time')
    .option('--before <time>', 'only jobs created before this time')
    .option('--limit <n>', 'maximum number of jobs', count, 20)
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
    retry: 'retry a failed or expired job',
    cancel: 'cancel a job',
    erase: 'erase a job and all its data permanently',
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
