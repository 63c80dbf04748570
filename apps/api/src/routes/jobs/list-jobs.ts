/** A page of the tenant's jobs, newest first: found by the names of the index, shown as `GET` shows each of them. */
import { isJobId, JOB_STATES, type JobId, type JobView } from '@cardseal/core/job';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import type { Caller } from '../../http/auth/index.ts';
import { wholeNumber } from '../../http/json/whole-number.ts';
import { Problem } from '../../http/problems/index.ts';
import { readJob } from './read-job.ts';

/** Jobs of a page that are opened at once. */
const READS_AT_ONCE = 8;
const MAX_TIME_MS = Date.UTC(9999, 0);

const time = z.iso.datetime({ offset: true }).refine((text) => Date.parse(text) < MAX_TIME_MS, 'is too far away');

export const listQuery = z.strictObject({
  state: z.enum(JOB_STATES).optional().meta({ description: 'Only jobs in this state.' }),
  reference: z.string().min(1).max(128).optional().meta({ description: 'Only jobs with exactly this reference.' }),
  created_after: time.optional().meta({ description: 'Only jobs made later than this.' }),
  created_before: time.optional().meta({ description: 'Only jobs made earlier than this.' }),
  limit: wholeNumber(1, 100).default(20).meta({ description: 'At most this many jobs.' }),
  cursor: z.string().min(1).max(64).optional().meta({ description: '`next_cursor` of the page before.' }),
});

export interface JobPage {
  data: JobView[];
  next_cursor: string | null;
}

/** Throws Problem `invalid_request` for an invalid cursor. */
export async function listJobs(
  context: ApiContext,
  caller: Caller,
  query: z.output<typeof listQuery>,
): Promise<JobPage> {
  const page = await context.ledger.jobs.listing.page(
    caller.tenant,
    {
      state: query.state,
      reference: query.reference,
      createdAfterMs: query.created_after === undefined ? undefined : Date.parse(query.created_after),
      createdBeforeMs: query.created_before === undefined ? undefined : Date.parse(query.created_before),
    },
    { after: query.cursor === undefined ? undefined : decodeCursor(query.cursor), limit: query.limit },
  );
  const views: (JobView | null)[] = [];
  for (let at = 0; at < page.jobs.length; at += READS_AT_ONCE) {
    const some = page.jobs.slice(at, at + READS_AT_ONCE);
    views.push(...(await Promise.all(some.map((job) => readJob(context, caller, job)))));
  }
  // Names may be outdated, and a submission without a commit has a name but no job: the read decides.
  const data = views.filter((view) => view !== null && (query.state === undefined || view.state === query.state));
  return { data: data as JobView[], next_cursor: page.next === null ? null : encodeCursor(page.next) };
}

function encodeCursor(job: JobId): string {
  return Buffer.from(job).toString('base64url');
}

function decodeCursor(cursor: string): JobId {
  const job = Buffer.from(cursor, 'base64url').toString('latin1');
  if (isJobId(job)) return job;
  const detail = 'This is no cursor of this list.';
  throw new Problem('invalid_request', detail, { errors: [{ pointer: '/cursor', code: 'invalid_value', detail }] });
}
