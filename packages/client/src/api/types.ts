/** Names for what the API's document says, and the few types that only the client has. */
import type { Job, Result } from './schema.ts';

export type * from './schema.ts';

export type Side = keyof Result['sides'];
export type JobState = Job['state'];
export type FieldName = Exclude<keyof Result['card'], 'valid_long_term'>;
export type Attempt = NonNullable<Job['attempts']>[number];
export type Failure = NonNullable<Job['failure']>;

export interface Page<T> {
  data: T[];
  next_cursor: string | null;
}

export interface ListQuery {
  state?: JobState;
  /** Only jobs with exactly this one. */
  reference?: string;
  created_after?: string | Date;
  created_before?: string | Date;
  /** Jobs per request, 1–100. */
  limit?: number;
}

export function isFinished(job: Pick<Job, 'state'>): boolean {
  return job.state !== 'queued' && job.state !== 'recognizing';
}
