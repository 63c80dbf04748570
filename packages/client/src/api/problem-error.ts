/** Errors of the client: a problem document of the API, or no response at all. */

export interface FieldProblem {
  pointer: string;
  code: string;
  detail: string;
}

/** The API's answer is a problem document. Tell problems apart by `code`. */
export class ProblemError extends Error {
  readonly status: number;
  readonly code: string;
  readonly errors: readonly FieldProblem[];
  readonly requestId: string | null;
  /** When the API says that asking again makes sense; null when it does not say. */
  readonly retryAfterMs: number | null;

  constructor(
    status: number,
    document: { code?: string; title?: string; detail?: string; errors?: FieldProblem[] },
    headers: Headers,
  ) {
    super(`${document.code ?? status}: ${document.detail ?? document.title ?? 'no detail'}`);
    this.name = 'ProblemError';
    this.status = status;
    this.code = document.code ?? 'unknown';
    this.errors = document.errors ?? [];
    this.requestId = headers.get('request-id');
    this.retryAfterMs = parseRetryAfter(headers.get('retry-after'));
  }
}

/** No attempt got a response that could be read. `cause` has the last reason. */
export class ConnectionError extends Error {
  constructor(cause: unknown) {
    super('the API cannot be reached', { cause });
    this.name = 'ConnectionError';
  }
}

export async function problemFrom(response: Response): Promise<ProblemError> {
  const text = await response.text().catch(() => '');
  try {
    return new ProblemError(response.status, JSON.parse(text), response.headers);
  } catch {
    return new ProblemError(response.status, {}, response.headers);
  }
}

function parseRetryAfter(value: string | null): number | null {
  if (value === null) return null;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}
