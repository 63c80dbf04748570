/** I7 and I8: no data crosses a tenant boundary; memory, open files and queues stay bounded. */
import type { Evidence, QueueSample } from './evidence.ts';

/** Far above what a healthy process needs here, and far below what a leak reaches in half an hour. */
const MAX_RSS_BYTES = 900 * 1024 * 1024;
const MAX_OPEN_FILES = 2000;
/** The worker may still be recording deliveries that have just arrived. */
const QUEUE_SLACK = 60;
/** Longer than one fault: a frozen store delays the records of events that have already arrived. */
const UNEXPLAINED_MS = 60_000;

export function violationsOfTenants({ accepted, arrived, foreignReads }: Evidence): string[] {
  const owners = new Map<string, string>(accepted.map(({ id, tenant }) => [id, tenant]));
  const found: string[] = [];
  for (const { job, tenant } of arrived) {
    const owner = owners.get(job);
    if (owner === undefined) found.push(`I7 ${job}: event for a job that was never accepted`);
    else if (owner !== tenant) found.push(`I7 ${job}: of ${owner}, but delivered to ${tenant}`);
  }
  for (const { job, asked, status } of foreignReads) {
    if (status !== 404) found.push(`I7 ${job}: ${asked} read it and got ${status}`);
  }
  return found;
}

export function violationsOfBounds({ vitals, queueSamples, queuedAtRest }: Evidence): string[] {
  const found: string[] = [];
  for (const { process, maxRssBytes, maxOpenFiles } of vitals) {
    if (maxRssBytes > MAX_RSS_BYTES) found.push(`I8 ${process}: ${Math.round(maxRssBytes / 2 ** 20)} MiB`);
    if (maxOpenFiles > MAX_OPEN_FILES) found.push(`I8 ${process}: ${maxOpenFiles} open files`);
  }
  const over = longestOver(queueSamples);
  if (over && over.ms >= UNEXPLAINED_MS)
    found.push(`I8: for ${over.ms} ms more jobs queued than open, such as ${JSON.stringify(over.first)}`);
  if (queuedAtRest > 0) found.push(`I8: ${queuedAtRest} jobs are queued at rest`);
  return found;
}

/** The longest period in which the open jobs do not explain the queue length; null when they always do. */
function longestOver(samples: readonly QueueSample[]): { ms: number; first: QueueSample } | null {
  let longest: { ms: number; first: QueueSample } | null = null;
  let first: QueueSample | null = null;
  for (const sample of samples) {
    first = sample.queued > sample.open + QUEUE_SLACK ? (first ?? sample) : null;
    if (first && sample.atMs - first.atMs >= (longest?.ms ?? 0)) longest = { ms: sample.atMs - first.atMs, first };
  }
  return longest;
}
