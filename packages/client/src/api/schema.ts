/** The API's data, generated from its OpenAPI document. Not to be edited: a test holds it to the document. */

/** Lines count from 1. A refused line never fails its neighbours. */
export interface Batch {
  id: string;
  state: 'running' | 'completed' | 'cancelled';
  created_at: string;
  finished_at: string | null;
  counts: {
    lines: number;
    accepted: number;
    rejected: number;
    unfinished: number;
    succeeded: number;
    failed: number;
    cancelled: number;
    expired: number;
    erased: number;
  };
  rejected: { line: number; code: string; detail: string }[];
}

/** The job of the line, or why there is none. */
export interface BatchResult {
  line: number;
  job?: Job;
  rejected?: { code: string; detail: string };
}

export interface Delivery {
  id: string;
  job_id: string | null;
  generation: number;
  /** In the list of an endpoint. */
  event_type?: string;
  endpoint_id: string;
  state: 'undelivered' | 'delivered' | 'exhausted' | 'parked';
  tries: number;
  last_status: number | null;
  next_try_at: string | null;
}

export interface DeliveryWithTries {
  id: string;
  job_id: string | null;
  generation: number;
  /** In the list of an endpoint. */
  event_type?: string;
  endpoint_id: string;
  state: 'undelivered' | 'delivered' | 'exhausted' | 'parked';
  tries: number;
  last_status: number | null;
  next_try_at: string | null;
  entries: {
    number: number;
    at: string;
    /** `delivered`, `timeout` …, or `resent` for a new budget of attempts. */
    class: string;
    status: number | null;
    latency_ms: number;
    next_try_at: string | null;
    held_until: string | null;
    /** A status arrived, but the body did not end as its headers say. The status alone counts. */
    broken_body: boolean;
    /** The first 4 KiB of a failed answer; null without the scope `results:read`. */
    answer: { base64: string; text: string } | null;
  }[];
}

/** An erased job has only its id, its state and its times. */
export interface Job {
  id: string;
  generation: number;
  state: 'queued' | 'recognizing' | 'succeeded' | 'failed' | 'cancelled' | 'expired' | 'erased';
  waiting_for?: 'worker' | 'quota' | 'retry' | 'provider' | null;
  estimated_start_at?: string | null;
  reference?: string | null;
  metadata?: { [name: string]: string };
  created_at?: string | null;
  finished_at?: string | null;
  sides?: {
    front?: { state: 'queued' | 'recognized' | 'failed' };
    back?: { state: 'queued' | 'recognized' | 'failed' };
  };
  attempts?: {
    side: 'front' | 'back';
    at: string;
    /** `accepted`, or the class of the error. */
    class: string;
    code: string | null;
    latency_ms: number | null;
    billed: 'yes' | 'no' | 'unknown';
  }[];
  result?: Result;
  failure?: { code: string; message: string; side: 'front' | 'back' | null; retryable: boolean };
  deliveries?: {
    id: string;
    endpoint_id: string;
    state: string;
    tries: number;
    last_status: number | null;
    next_try_at: string | null;
  }[];
  erased_at?: string;
  /** For an erased job: when its last object was deleted. `null` while workers still retry the deletion. */
  removed_at?: string | null;
  /** Why the job was erased. */
  reason?: 'request' | 'retention';
}

/** What to detect, and whether over-sized images are fitted. */
export interface JobOptions {
  detect_risk?: boolean | null;
  detect_quality?: boolean | null;
  detect_photo?: boolean | null;
  detect_card?: boolean | null;
  fit?: boolean | null;
}

/** A page may be shorter than `limit`: go on while there is a `next_cursor`. */
export interface JobPage {
  data: Job[];
  next_cursor: string | null;
}

/** A card to recognise; at least one side. */
export interface JobRequest {
  options?: JobOptions | null;
  reference?: string | null;
  metadata?: { [name: string]: string } | null;
  priority?: 'interactive' | 'bulk' | null;
  expires_in?: number | null;
  retain_for?: number | null;
  keep_images?: boolean | null;
  endpoint_ids?: string[] | null;
  front?: Source | null;
  back?: Source | null;
}

/** RFC 9457. Tell problems apart by `code`. */
export interface Problem {
  /** The page that explains the code. */ type: string;
  title: string;
  status: number;
  /** Stable. */
  code:
    | 'invalid_request'
    | 'malformed_body'
    | 'unsupported_media_type'
    | 'body_too_large'
    | 'body_timeout'
    | 'headers_too_large'
    | 'bad_request'
    | 'image_unusable'
    | 'unauthorized'
    | 'forbidden'
    | 'not_found'
    | 'method_not_allowed'
    | 'idempotency_mismatch'
    | 'idempotency_in_progress'
    | 'idempotency_key_invalid'
    | 'job_erased'
    | 'job_not_cancellable'
    | 'job_not_retryable'
    | 'picture_gone'
    | 'image_gone'
    | 'webhook_target_refused'
    | 'public_key_invalid'
    | 'source_not_allowed'
    | 'source_unavailable'
    | 'upload_refused'
    | 'batch_too_large'
    | 'rate_limited'
    | 'too_many_concurrent'
    | 'queue_full'
    | 'daily_limit'
    | 'store_unavailable'
    | 'erasure_incomplete'
    | 'keys_unavailable'
    | 'stored_data_unreadable'
    | 'overloaded'
    | 'shutting_down'
    | 'internal';
  detail: string;
  request_id?: string;
  errors?: { pointer: string; code: string; detail: string }[];
}

export interface Quota {
  gate: {
    state: 'open' | 'closed' | 'unknown';
    /** Only for a closed credential. */
    reason: string | null;
    until: string | null;
  };
  rate: {
    /** As learned from the upstream. */ calls_per_second: number;
    nominal_calls_per_second: number;
    refused_last_minute: number;
  } | null;
  allowance: {
    used_today: number;
    /** Null without a daily allowance. */
    left_today: number | null;
  } | null;
  /** Cards of all tenants. */
  backlog: { interactive: number; bulk: number; in_progress: number } | null;
  /** Of one more card of yours. */
  estimated_wait_s: { interactive: number | null; bulk: number | null };
  /** Your share relative to other tenants; the default of a tenant is 1. */
  weight: number;
  /** Of this key, and of all keys of the tenant together. Null: not limited. */
  limits: {
    key: {
      requests_per_second: number | null;
      cards_per_day: number | null;
      /** Until midnight in Shanghai. Null without a daily limit. */
      cards_left_today: number | null;
    };
    tenant: {
      requests_per_second: number | null;
      cards_per_day: number | null;
      /** Until midnight in Shanghai. Null without a daily limit. */
      cards_left_today: number | null;
    };
  };
}

/** Masked unless the key has the scope `results:read`. A field that was not read is absent. */
export interface Result {
  card: {
    name?: string;
    sex?: string;
    ethnicity?: string;
    birth_date?: string;
    address?: string;
    id_number?: string;
    issuing_authority?: string;
    valid_from?: string;
    valid_until?: string;
    valid_long_term?: boolean;
  };
  sides: { front?: SideResult; back?: SideResult };
  checks: {
    code:
      | 'image_status'
      | 'side_match'
      | 'risk_type'
      | 'edit_tool'
      | 'quality_clear'
      | 'quality_complete'
      | 'quality_uncovered'
      | 'fields_complete'
      | 'fields_understood'
      | 'number_checksum'
      | 'number_birth_date'
      | 'number_sex'
      | 'number_provider'
      | 'residence_permit'
      | 'ethnicity_known'
      | 'name_shape'
      | 'validity_started'
      | 'validity_not_expired'
      | 'validity_length'
      | 'sides_consistent';
    outcome: 'pass' | 'warn' | 'fail';
    side?: 'front' | 'back';
  }[];
  verdict: 'clear' | 'review' | 'reject';
}

export interface SideResult {
  image_status: string;
  direction?: string;
  risk?: { type: string; edit_tool?: string };
  quality?: {
    clear?: { ok?: boolean; probability?: number };
    complete?: { ok?: boolean; probability?: number };
    uncovered?: { ok?: boolean; probability?: number };
  };
  number_check?: string;
  fields: {
    [name in
      | 'name'
      | 'sex'
      | 'ethnicity'
      | 'birth_date'
      | 'address'
      | 'id_number'
      | 'issuing_authority'
      | 'valid_from'
      | 'valid_until']?: { text: string; box?: { left: number; top: number; width: number; height: number } };
  };
  /** Where the portrait is, in the image that was sent. */
  portrait?: { box: { left: number; top: number; width: number; height: number } };
  /** Where the card is, in the image that was sent. */
  card?: { box: { left: number; top: number; width: number; height: number } };
  /** The changes that fitting made before the image was sent. */
  adjusted?: unknown;
  log_id?: string;
  provider: string;
}

export type Source =
  | {
      /** The image, base64. */ image: string;
    }
  | {
      /** An image sent ahead by `POST /v1/uploads`. */ upload_id: string;
    }
  | {
      /** An image in a bucket on the tenant's list. */
      object: { bucket: string; key: string; version_id?: string | null };
    };

export interface UploadRequest {
  /** What the client calls the image. Its content decides what it is. */ content_type?: string | null;
  size: number;
}

export interface UploadTicket {
  upload_id: string;
  url: string;
  method: 'PUT';
  headers: { [name: string]: string };
  expires_at: string;
}

/** Newest day first. Other processes may be a minute behind. */
export interface Usage {
  data: {
    /** From midnight in Shanghai. */ day: string;
    key_id: string;
    requests: number;
    /** Accepted; a repeat is no further card. */
    cards: number;
    /** Answered 429. */
    refused: number;
  }[];
  next_cursor: null;
}

export interface WebhookEndpoint {
  id: string;
  url: string;
  events: string[] | null;
  payload: 'full' | 'reference' | 'encrypted';
  public_key?: unknown;
  /** Names only: values are never shown. */
  headers: string[];
  max_rate: number | null;
  state: 'enabled' | 'disabled';
  health: 'healthy' | 'failing' | 'held' | 'disabled';
  /** When the present health began; null before the first change. */
  health_since: string | null;
  /** The response that made it `failing`, or `disabled` by Cardseal; null otherwise. */
  health_reason: {
    /** As in the record of a delivery: `connection`, `tls`, `timeout` … */ class: string;
    status: number | null;
  } | null;
  held_until: string | null;
  disabled_by?: 'owner' | 'gone' | 'failing';
  /** How many sign at the moment: 1 to 3. */
  secrets: number;
  created_at: string;
  /** When it is deleted by itself; see `expires_in`. */
  expires_at: string | null;
}

export interface WebhookEndpointChange {
  url?: string | null;
  events?:
    | (
        | 'job.succeeded'
        | 'job.failed'
        | 'job.cancelled'
        | 'job.expired'
        | 'job.erased'
        | 'batch.completed'
        | 'endpoint.failing'
        | 'endpoint.disabled'
        | 'endpoint.recovered'
      )[]
    | null;
  payload?: 'full' | 'reference' | 'encrypted' | null;
  public_key?: string | { [name: string]: unknown } | null;
  headers?: { [name: string]: string } | null;
  /** The most webhooks a second, however many are due; null for no limit. */
  max_rate?: number | null;
  /** Seconds from now after which the endpoint is deleted: it gets no new deliveries and is not found any more. null for no end. */
  expires_in?: number | null;
  state?: 'enabled' | 'disabled' | null;
}

export interface WebhookEndpointRequest {
  url: string;
  events?:
    | (
        | 'job.succeeded'
        | 'job.failed'
        | 'job.cancelled'
        | 'job.expired'
        | 'job.erased'
        | 'batch.completed'
        | 'endpoint.failing'
        | 'endpoint.disabled'
        | 'endpoint.recovered'
      )[]
    | null;
  payload?: 'full' | 'reference' | 'encrypted' | null;
  public_key?: string | { [name: string]: unknown } | null;
  headers?: { [name: string]: string } | null;
  /** The most webhooks a second, however many are due; null for no limit. */
  max_rate?: number | null;
  /** Seconds from now after which the endpoint is deleted: it gets no new deliveries and is not found any more. null for no end. */
  expires_in?: number | null;
}

export interface WebhookEndpointWithSecret {
  id: string;
  url: string;
  events: string[] | null;
  payload: 'full' | 'reference' | 'encrypted';
  public_key?: unknown;
  /** Names only: values are never shown. */
  headers: string[];
  max_rate: number | null;
  state: 'enabled' | 'disabled';
  health: 'healthy' | 'failing' | 'held' | 'disabled';
  /** When the present health began; null before the first change. */
  health_since: string | null;
  /** The response that made it `failing`, or `disabled` by Cardseal; null otherwise. */
  health_reason: {
    /** As in the record of a delivery: `connection`, `tls`, `timeout` … */ class: string;
    status: number | null;
  } | null;
  held_until: string | null;
  disabled_by?: 'owner' | 'gone' | 'failing';
  /** How many sign at the moment: 1 to 3. */
  secrets: number;
  created_at: string;
  /** When it is deleted by itself; see `expires_in`. */
  expires_at: string | null;
  /** Shown here and on rotation, never again. */
  secret: string;
}

export interface WebhookRecovery {
  /** null in a dry run. */ id: string | null;
  endpoint_id: string;
  state: 'running' | 'dry_run';
  since: string;
  until: string;
  counts: {
    /** Of jobs submitted in that time, delivered or not. */ outcomes: number;
    /** False when there are more. */
    complete: boolean;
  };
}

export interface WebhookSecretRotation {
  /** Seconds for which the old secret still signs together with the new one. */ overlap?: number | null;
}
