/** `cardseal batch …`: thousands of cards from a file of job requests, one JSON object per line. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Batch, JobRequest } from '@cardseal/client';
import type { Env } from '@cardseal/core/config';
import type { Command } from 'commander';
import { connect, fromCaller } from './connection.ts';
import { type Output, printJson, printTable } from './print.ts';
import { createProgress } from './progress.ts';

export function batchCommands(program: Command, env: Env): void {
  const batch = program.command('batch').description('batches of up to 10,000 cards');
  batch
    .command('submit <file>')
    .description('submit a file of job requests, one JSON object per line')
    .option('--wait', 'until every card has ended')
    .option('--idempotency-key <key>', 'the same key is the same batch')
    .option('--json', 'print JSON')
    .action((file: string, options) => submitBatch(env, file, options));
  batch
    .command('get <batch>')
    .description('how far a batch is')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Output) => printBatch(await connect(env).batches.get(id), options));
  batch
    .command('results <batch>')
    .description('a JSON line for every line of the batch')
    .action(async (id: string) => {
      for await (const result of connect(env).batches.results(id)) printJson(result);
    });
  batch
    .command('cancel <batch>')
    .description('cancel what has not ended')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Output) => printBatch(await connect(env).batches.cancel(id), options));
}

/** Exit code 1 when a line was refused, or waited for and did not succeed. */
async function submitBatch(
  env: Env,
  file: string,
  options: Output & { wait?: boolean; idempotencyKey?: string },
): Promise<void> {
  const { batches } = connect(env);
  const key = options.idempotencyKey;
  let batch = await batches.create(requestsIn(fromCaller(env, file)), key === undefined ? {} : { idempotencyKey: key });
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

async function* requestsIn(file: string): AsyncGenerator<JobRequest> {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as JobRequest;
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
