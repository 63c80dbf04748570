/** I7 and I8: nothing crosses tenants; memory, open files and the queues stay bounded. */
import type { Evidence } from './evidence.ts';

/** Far above what a healthy process needs here, far below what a leak comes to in half an hour. */
const MAX_RSS_BYTES = 900 * 1024 * 1024;
const MAX_OPEN_FILES = 2000;
/** A delivery that has just arrived is still being recorded. */
const QUEUE_SLACK = 60;

export function violationsOfTenants({ told, arrived, foreignReads }: Evidence): string[] {
  const owners = new Map<string, string>(told.map(({ id, tenant }) => [id, tenant]));
  const found: string[] = [];
  for (const { job, tenant } of arrived) {
    const owner = owners.get(job);
    if (owner === undefined) found.push(`I7 ${job}: told of, but never accepted`);
    else if (owner !== tenant) found.push(`I7 ${job}: of ${owner}, but told to ${tenant}`);
  }
  for (const { job, asked, status } of foreignReads) {
    if (status !== 404) found.push(`I7 ${job}: ${asked} read it, and was answered ${status}`);
  }
  return found;
}

export function violationsOfBounds({ vitals, queueSamples, queuedAtRest }: Evidence): string[] {
  const found: string[] = [];
  for (const { process, maxRssBytes, maxOpenFiles } of vitals) {
    if (maxRssBytes > MAX_RSS_BYTES) found.push(`I8 ${process}: ${Math.round(maxRssBytes / 2 ** 20)} MiB`);
    if (maxOpenFiles > MAX_OPEN_FILES) found.push(`I8 ${process}: ${maxOpenFiles} open files`);
  }
  const over = queueSamples.filter(({ queued, open }) => queued > open + QUEUE_SLACK);
  if (over.length > 0)
    found.push(`I8: ${over.length} times more jobs queued than cards open, such as ${JSON.stringify(over[0])}`);
  if (queuedAtRest > 0) found.push(`I8: ${queuedAtRest} jobs are queued at rest`);
  return found;
}
