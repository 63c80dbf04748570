/** Reads lost locks from the logs of the workers. A lost lock may cost a repeated call. */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { TestStack } from '../../support/stack.ts';
import type { Incident } from '../checker/index.ts';

/** The longest time from the last lock renewal until the worker logs the loss. */
const NOTICED_AFTER_MS = 10_000;

export async function lostLocks(
  { dataDir }: Pick<TestStack, 'dataDir'>,
  workerConcurrency: number,
): Promise<Incident[]> {
  const logs = path.join(dataDir, 'logs');
  const files = (await readdir(logs)).filter((name) => name.startsWith('worker-'));
  const found: Incident[] = [];
  for (const file of files) {
    for await (const line of createInterface({ input: createReadStream(path.join(logs, file)) })) {
      if (!line.includes('"queue.lock_lost"')) continue;
      const { time, count } = JSON.parse(line) as { time: string; count: number };
      const toMs = Date.parse(time);
      found.push({
        kind: 'lock lost',
        fromMs: toMs - NOTICED_AFTER_MS,
        toMs,
        cutCalls: Math.min(count, workerConcurrency),
        fails: [],
      });
    }
  }
  return found;
}
