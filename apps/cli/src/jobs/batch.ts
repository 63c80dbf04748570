/** `cardseal batch …`: submits a file of job requests, one JSON object per line, and reads batches. */
import { open } from 'node:fs/promises';
import type { Batch, JobRequest } from '@cardseal/client';
import type { Env } from '@cardseal/core/config';
import type { Command } from 'commander';
import { fromCaller } from '../support/development-stack.ts';
import { type Output, printJson, printTable } from '../support/print.ts';
import { createProgress } from '../support/progress.ts';
import { connect } from './connection.ts';

export function batchCommands(program: Command, env: Env): void {
  const batch = program.command('batch').description('submit and read batches of up to 10,000 jobs');
  batch
    .command('submit <file>')
    .description('submit a file of job requests, one JSON object per line')
    .option('--wait', 'wait until every job has ended')
    .option('--idempotency-key <key>', 'a repeated command with the same key returns the same batch')
    .option('--json', 'print JSON')
    .action((file: string, options) => submitBatch(env, file, options));
  batch
    .command('get <batch>')
    .description('show the progress of a batch')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Output) => printBatch(await connect(env).batches.get(id), options));
  batch
    .command('results <batch>')
    .description('print one JSON line per line of the batch')
    .action(async (id: string) => {
      for await (const result of connect(env).batches.results(id)) printJson(result);
    });
  batch
    .command('cancel <batch>')
    .description('cancel what has not ended')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Output) => printBatch(await connect(env).batches.cancel(id), options));
}

/** Sets exit code 1 when a line was refused or, with `--wait`, did not succeed. */
async function submitBatch(
  env: Env,
  file: string,
  options: Output & { wait?: boolean; idempotencyKey?: string },
): Promise<void> {
  const { batches } = connect(env);
  const key = options.idempotencyKey;
  const broken: Error[] = [];
  const requests = requestsIn(fromCaller(env, file), broken);
  let batch = await batches.create(requests, key === undefined ? {} : { idempotencyKey: key }).catch((error) => {
    // An unreadable file aborts the request. Report the file, not the failed request.
    throw broken[0] ?? error;
  });
  if (options.wait) {
    const progress = createProgress('recognised', batch.counts.accepted);
    const onProgress = ({ counts }: Batch) => progress.set(counts.accepted - counts.unfinished);
    batch = await batches.wait(batch.id, { onProgress });
    progress.end();
  }
  printBatch(batch, options);
  const { counts } = batch;
  if (counts.rejected > 0 || (options.wait && counts.succeeded < counts.accepted)) process.exitCode = 1;
}

async function* requestsIn(file: string, broken: Error[]): AsyncGenerator<JobRequest> {
  let number = 0;
  try {
    await using handle = await open(file);
    for await (const line of handle.readLines()) {
      number++;
      if (line.trim() !== '') yield JSON.parse(line) as JobRequest;
    }
  } catch (error) {
    broken.push(error instanceof SyntaxError ? new Error(`line ${number} of ${file} is not JSON`) : (error as Error));
    throw error;
  }
}

function printBatch(batch: Batch, { json }: Output): void {
  if (json) {
    printJson(batch);
    return;
  }
  const { counts } = batch;
  const columns = [
    'lines',
    'accepted',
    'rejected',
    'unfinished',
    'succeeded',
    'failed',
    'cancelled',
    'expired',
  ] as const;
  printTable(['batch', 'state', ...columns], [[batch.id, batch.state, ...columns.map((name) => String(counts[name]))]]);
  for (const { line, code, detail } of batch.rejected) process.stderr.write(`line ${line}: ${code}: ${detail}\n`);
}
