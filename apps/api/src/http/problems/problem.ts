/** Errors of the API as RFC 9457 problem documents with stable codes; each code has a section in docs/use/problems.md. */

export interface FieldProblem {
  /** JSON pointer into the request, or the name of a part or parameter. */
  pointer: string;
  code: string;
  detail: string;
}

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly errors: FieldProblem[] | undefined;
  readonly retryAfterS: number | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    detail?: string,
    extra: { errors?: FieldProblem[]; retryAfterS?: number; headers?: Record<string, string> } = {},
  ) {
    super(detail ?? PROBLEMS[code].detail);
    this.name = 'Problem';
    this.code = code;
    this.status = PROBLEMS[code].status;
    this.errors = extra.errors;
    this.headers = extra.headers ?? {};
    this.retryAfterS = extra.retryAfterS ?? (this.status === 503 ? 1 : undefined);
  }
}

export const PROBLEMS = {
  invalid_request: { status: 422, title: 'The request is not valid', detail: 'See `errors` for what to change.' },
  malformed_body: { status: 400, title: 'The body cannot be read', detail: 'The body is not what its type says.' },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    detail: 'The route takes other types; /openapi.json names them.',
  },
  body_too_large: { status: 413, title: 'The body is too large', detail: 'The body is larger than the route takes.' },
  body_timeout: { status: 408, title: 'The body did not arrive', detail: 'The whole request must arrive in time.' },
  headers_too_large: { status: 431, title: 'The headers are too large', detail: 'Send fewer or shorter headers.' },
  bad_request: { status: 400, title: 'Not a request that can be read', detail: 'The request is not valid HTTP.' },
  image_unusable: { status: 422, title: 'The image cannot be used', detail: 'Send another image.' },
  unauthorized: {
    status: 401,
    title: 'No valid API key',
    detail: 'Send `Authorization: Bearer <api key>` with a key that is known, not expired and not revoked.',
  },
  forbidden: { status: 403, title: 'The key may not do this', detail: 'The key lacks the scope for this route.' },
  not_found: { status: 404, title: 'Not found', detail: 'There is no such thing, or it is not yours.' },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    detail: 'The path takes other methods; `Allow` names them.',
  },
  idempotency_mismatch: {
    status: 422,
    title: 'The idempotency key was used for another request',
    detail: 'Use a new Idempotency-Key for a new request.',
  },
  idempotency_in_progress: {
    status: 409,
    title: 'The same request is at work',
    detail: 'A request with this Idempotency-Key has not been answered yet; ask again.',
  },
  idempotency_key_invalid: {
    status: 400,
    title: 'The idempotency key is not valid',
    detail: 'An Idempotency-Key has 1 to 255 printable ASCII characters.',
  },
  job_erased: { status: 410, title: 'The job is erased', detail: 'It was erased and cannot be brought back.' },
  job_not_cancellable: {
    status: 409,
    title: 'The job cannot be cancelled',
    detail: 'Its outcome is decided already.',
  },
  job_not_retryable: {
    status: 409,
    title: 'The job cannot be tried again',
    detail: 'Only a failed or expired job can be tried again.',
  },
  picture_gone: {
    status: 409,
    title: 'The images are gone',
    detail: 'The retry window has passed and the images are deleted; submit the card again.',
  },
  image_gone: {
    status: 410,
    title: 'The image is no longer stored',
    detail: 'Images are deleted after the outcome unless the job has `keep_images`.',
  },
  webhook_target_refused: {
    status: 422,
    title: 'The webhook target is not allowed',
    detail: 'Use an https URL with a public address, or have the operator allow the target.',
  },
  public_key_invalid: {
    status: 422,
    title: 'The public key cannot be used',
    detail: 'Send a public EC (P-256, P-384, P-521), X25519 or RSA (2048 bits or more) key as JWK or PEM.',
  },
  source_not_allowed: {
    status: 422,
    title: 'The source is not allowed',
    detail: "Images may come only from buckets and prefixes on the tenant's list.",
  },
  source_unavailable: {
    status: 422,
    title: 'The image is not where the request says',
    detail: 'There is no such upload, object or version, or it may not be read.',
  },
  upload_refused: {
    status: 403,
    title: 'The upload is refused',
    detail: 'The signed URL has expired, was altered or used, or the body is not what it was signed for.',
  },
  batch_too_large: {
    status: 413,
    title: 'The batch is too large',
    detail: 'A batch has at most 10,000 lines.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    detail: 'The key has sent more requests than it may; `RateLimit` says when more are let through.',
  },
  too_many_concurrent: {
    status: 429,
    title: 'Too many requests at once',
    detail: 'The key has as many requests open as it may.',
  },
  queue_full: {
    status: 429,
    title: 'Too many unfinished jobs',
    detail: 'The tenant has as many unfinished jobs, of all its keys, as this key allows.',
  },
  daily_limit: {
    status: 429,
    title: 'The daily limit is reached',
    detail: 'The key has submitted as many cards today as it may.',
  },
  store_unavailable: { status: 503, title: 'The store is away', detail: 'Nothing was accepted; try again.' },
  erasure_incomplete: {
    status: 503,
    title: 'The erasure is not complete',
    detail:
      'The job is erased. Some of its objects are not deleted yet; this is retried until they are. Ask again later.',
  },
  keys_unavailable: {
    status: 503,
    title: 'The key service is away',
    detail: 'Nothing could be sealed or opened; try again.',
  },
  stored_data_unreadable: {
    status: 500,
    title: 'Stored data cannot be read',
    detail:
      'A part of what we store for this is missing or damaged. The fault is ours; the request id finds it in our logs.',
  },
  overloaded: {
    status: 503,
    title: 'Too many bodies at once',
    detail: 'The API holds as many request bodies in memory as it may. Nothing was accepted; send the request again.',
  },
  shutting_down: {
    status: 503,
    title: 'The API stops',
    detail: 'This process stops, for example for an update. Send the request again; another process answers.',
  },
  internal: { status: 500, title: 'Our mistake', detail: 'The request id finds it in our logs.' },
} as const satisfies Record<string, { status: number; title: string; detail: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  request_id?: string;
  errors?: FieldProblem[];
}

export function problemDocument(problem: Problem, requestId?: string): ProblemDocument {
  return {
    type: `https://cardseal.dev/problems#${problem.code}`,
    title: PROBLEMS[problem.code as ProblemCode].title,
    status: problem.status,
    code: problem.code,
    detail: problem.message,
    ...(requestId ? { request_id: requestId } : {}),
    ...(problem.errors ? { errors: problem.errors } : {}),
  };
}
