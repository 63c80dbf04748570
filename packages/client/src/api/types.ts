/** The API's data as TypeScript sees it, written by hand after the OpenAPI document. */

export type Side = 'front' | 'back';
export type JobState = 'queued' | 'recognizing' | 'succeeded' | 'failed' | 'cancelled' | 'expired' | 'erased';
export type FieldName =
  | 'name'
  | 'sex'
  | 'ethnicity'
  | 'birth_date'
  | 'address'
  | 'id_number'
  | 'issuing_authority'
  | 'valid_from'
  | 'valid_until';

/** A picture in base64, one that was uploaded before, or one in a bucket on your tenant's list. */
export type Source =
  | { image: string }
  | { upload_id: string }
  | { object: { bucket: string; key: string; version_id?: string } };

export interface JobRequest {
  front?: Source;
  back?: Source;
  options?: {
    detect_risk?: boolean;
    detect_quality?: boolean;
    detect_photo?: boolean;
    detect_card?: boolean;
    /** Whether pictures over the provider's limits are made to fit; on unless switched off. */
    fit?: boolean;
  };
  /** Yours, at most 128 characters; lists filter by it. */
  reference?: string | null;
  metadata?: Record<string, string>;
  priority?: 'interactive' | 'bulk';
  /** Seconds after which the card shall not be recognised any more. */
  expires_in?: number | null;
  /** Seconds after which the result is erased. */
  retain_for?: number | null;
  keep_images?: boolean;
  endpoint_ids?: string[] | null;
}

export interface SideResult {
  image_status: string;
  direction?: string | undefined;
  risk?: { type: string; edit_tool?: string | undefined } | undefined;
  quality?: Partial<Record<'clear' | 'complete' | 'uncovered', Aspect | undefined>> | undefined;
  number_check?: string | undefined;
  fields: Partial<Record<FieldName, { text: string; box?: Box | undefined }>>;
  adjusted?: unknown;
  log_id?: string | undefined;
  provider: string;
}

export interface Aspect {
  ok?: boolean | undefined;
  probability?: number | undefined;
}

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Result {
  /** What no side gave is absent. */
  card: Partial<Record<FieldName, string | undefined>> & { valid_long_term?: boolean | undefined };
  sides: { [side in Side]?: SideResult | undefined };
  checks: { code: string; outcome: 'pass' | 'warn' | 'fail'; side?: Side | undefined }[];
  verdict: 'clear' | 'review' | 'reject';
}

export interface Attempt {
  side: Side;
  at: string;
  class: string;
  code: string | null;
  latency_ms: number | null;
  billed: 'yes' | 'no' | 'unknown';
}

export interface Failure {
  code: string;
  message: string;
  side: Side | null;
  retryable: boolean;
}

/** Of an erased job only the id, the state and times are left. */
export interface Job {
  id: string;
  generation: number;
  state: JobState;
  waiting_for?: 'worker' | 'quota' | 'retry' | 'provider' | null | undefined;
  estimated_start_at?: string | null | undefined;
  reference?: string | null | undefined;
  metadata?: Record<string, string> | undefined;
  created_at?: string | null | undefined;
  finished_at?: string | null | undefined;
  sides?: { [side in Side]?: { state: 'queued' | 'recognized' | 'failed' } | undefined } | undefined;
  attempts?: Attempt[] | undefined;
  result?: Result | undefined;
  failure?: Failure | undefined;
  deliveries?: unknown[] | undefined;
}

export interface Page<T> {
  data: T[];
  next_cursor: string | null;
}

export interface ListQuery {
  state?: JobState;
  reference?: string;
  created_after?: string | Date;
  created_before?: string | Date;
  /** Jobs per request, 1–100. */
  limit?: number;
}

export interface Batch {
  id: string;
  state: 'running' | 'completed' | 'cancelled';
  created_at: string;
  finished_at: string | null;
  counts: BatchCounts;
  rejected: { line: number; code: string; detail: string }[];
}

export interface BatchCounts {
  lines: number;
  accepted: number;
  rejected: number;
  unfinished: number;
  succeeded: number;
  failed: number;
  cancelled: number;
  expired: number;
}

/** One line of a batch's results: the job, or why there is none. */
export type BatchResult = { line: number; job: Job } | { line: number; rejected: { code: string; detail: string } };

export function isFinished(job: Pick<Job, 'state'>): boolean {
  return job.state !== 'queued' && job.state !== 'recognizing';
}
