/** `cardseal submit <images…>`: submits one job per card, several in parallel; `--wait` prints the results. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type CardsealClient, type Job, type JobRequest, ProblemError, type Side } from '@cardseal/client';
import type { Env } from '@cardseal/core/config';
import { fromCaller } from '../support/development-stack.ts';
import { type Output, printJobs } from '../support/print.ts';
import { createProgress, type Progress } from '../support/progress.ts';
import { connect } from './connection.ts';
import { type CardFiles, pairImages } from './pair-images.ts';

export interface SubmitOptions extends Output {
  side: Side;
  wait?: boolean;
  reference?: string;
  priority?: 'interactive' | 'bulk';
  portrait?: boolean;
  concurrency: number;
}

/** Sets exit code 1 when a job was refused or, with `--wait`, did not succeed. */
export async function submitCommand(env: Env, files: readonly string[], options: SubmitOptions): Promise<void> {
  const client = connect(env);
  const cards = pairImages(
    files.map((file) => fromCaller(env, file)),
    options.side,
  );
  const progress = createProgress(options.wait ? 'recognised' : 'submitted', cards.length);
  const jobs = await inParallel(cards, options.concurrency, (card) => submitOne(client, card, options), progress);
  progress.end();
  printJobs(
    jobs.filter((job) => job !== null),
    options,
  );
  const good = (job: Job | null) => job !== null && (!options.wait || job.state === 'succeeded');
  if (!jobs.every(good)) process.exitCode = 1;
}

/** Returns null when the API refused the job, and prints the reason on stderr. */
async function submitOne(client: CardsealClient, card: CardFiles, options: SubmitOptions): Promise<Job | null> {
  const front = card.front === undefined ? undefined : await readFile(card.front);
  const back = card.back === undefined ? undefined : await readFile(card.back);
  const request: JobRequest = {
    ...(front ? { front: { image: front.toString('base64') } } : {}),
    ...(back ? { back: { image: back.toString('base64') } } : {}),
    reference: options.reference ?? card.name.slice(0, 128),
    ...(options.priority ? { priority: options.priority } : {}),
    ...(options.portrait ? { options: { detect_photo: true } } : {}),
  };
  try {
    const job = await client.jobs.submit(request, { idempotencyKey: keyOf(request) });
    return options.wait ? await client.jobs.wait(job.id) : job;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const reasons = error.errors.map(({ detail }) => detail).join(' ');
    process.stderr.write(`\n${card.name}: ${error.code}${reasons ? `: ${reasons}` : ''}\n`);
    return null;
  }
}

/** A repeated command finds its earlier jobs, so that no call is billed twice. */
function keyOf(request: JobRequest): string {
  return `cli-${createHash('sha256').update(JSON.stringify(request)).digest('hex')}`;
}

async function inParallel<In, Out>(
  inputs: readonly In[],
  atOnce: number,
  work: (input: In) => Promise<Out>,
  progress: Progress,
): Promise<Out[]> {
  const outputs = new Array<Out>(inputs.length);
  let next = 0;
  let done = 0;
  progress.set(0);
  await Promise.all(
    Array.from({ length: Math.min(atOnce, inputs.length) }, async () => {
      while (next < inputs.length) {
        const at = next++;
        outputs[at] = await work(inputs[at]!);
        progress.set(++done);
      }
    }),
  );
  return outputs;
}
