/**
 * The closed set of dispositions. What happens to work after an error follows from the class alone; the stable
 * `code` says why. Messages carry codes and ids, never payload, so that they may be logged and shown.
 */

export type Disposition = 'transient' | 'throttled' | 'rejected' | 'defect';

export interface ErrorDetails {
  /** The cause is kept for debuggers; it is never serialised into logs, queues or answers. */
  cause?: unknown;
  /** Ids, numbers and codes only. */
  fields?: Readonly<Record<string, string | number | boolean>>;
}

export abstract class CardsealError extends Error {
  abstract readonly disposition: Disposition;
  readonly code: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;

  constructor(code: string, details: ErrorDetails = {}) {
    super(code, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.fields = details.fields ?? {};
  }
}

/** May succeed when tried again: an attempt is spent, backoff follows. */
export class TransientError extends CardsealError {
  readonly disposition = 'transient';
}

/** Not now: try again after `retryAfterMs`; no attempt is spent. */
export class ThrottledError extends CardsealError {
  readonly disposition = 'throttled';
  readonly retryAfterMs: number;

  constructor(code: string, retryAfterMs: number, details: ErrorDetails = {}) {
    super(code, details);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Will never succeed, and the one who sent it can be told why. */
export class RejectedError extends CardsealError {
  readonly disposition = 'rejected';
}

/** We are wrong: terminal, alerts, never counted as success. */
export class DefectError extends CardsealError {
  readonly disposition = 'defect';
}

/** Every thrown thing has a disposition: what nobody classified is a defect. */
export function asCardsealError(error: unknown, fallbackCode = 'internal_defect'): CardsealError {
  return error instanceof CardsealError ? error : new DefectError(fallbackCode, { cause: error });
}
