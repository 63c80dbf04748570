/**
 * The closed set of dispositions. The class alone decides what happens to the work after an error; the stable `code`
 * says why. Messages contain codes and ids and never payload, so that they may be logged and shown.
 */

export type Disposition = 'transient' | 'throttled' | 'rejected' | 'defect';

export interface ErrorDetails {
  /** Kept for debugging; never serialised into logs, queues or responses. */
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

/** A retry may succeed: an attempt is spent, backoff follows. */
export class TransientError extends CardsealError {
  readonly disposition = 'transient';
}

/** Not now: retry after `retryAfterMs`; no attempt is spent. */
export class ThrottledError extends CardsealError {
  readonly disposition = 'throttled';
  readonly retryAfterMs: number;

  constructor(code: string, retryAfterMs: number, details: ErrorDetails = {}) {
    super(code, details);
    this.retryAfterMs = retryAfterMs;
  }
}

/** A retry can never succeed. The code gives the submitter the reason. */
export class RejectedError extends CardsealError {
  readonly disposition = 'rejected';
}

/** A fault of Cardseal: terminal, raises an alert, never counts as success. */
export class DefectError extends CardsealError {
  readonly disposition = 'defect';
}

/** Every thrown value has a disposition: an unclassified error is a defect. */
export function asCardsealError(error: unknown, fallbackCode = 'internal_defect'): CardsealError {
  return error instanceof CardsealError ? error : new DefectError(fallbackCode, { cause: error });
}
