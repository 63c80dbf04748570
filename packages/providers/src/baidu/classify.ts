/**
 * Turns a row of the error table into an error whose class decides what happens to the attempt. The error contains
 * codes and ids only, never the provider's message text.
 */
import { type CardsealError, DefectError, RejectedError, ThrottledError, TransientError } from '@cardseal/base/errors';
import { PROVIDER_ERRORS, TRANSPORT_ERRORS, UNKNOWN_PROVIDER_ERROR, type UpstreamError } from './error-table.ts';

/** Ids and measurements that the record of an attempt shows next to the class. */
export type CallFields = Readonly<{
  logId?: string;
  httpStatus?: number;
  latencyMs?: number;
  providerCode?: number;
  /** Code of a network or TLS error, such as `ECONNREFUSED`. */
  errno?: string;
}>;

/** After a refusal for the rate, another attempt makes sense after about one window of the upstream. */
const QPS_RETRY_MS = 1_000;
/** A closed gate is probed hourly; the gate itself knows better when it reopens. */
const GATE_RETRY_MS = 3_600_000;

/**
 * @returns Transient, Throttled, Rejected or Defect with fields `{upstreamClass, billed, providerCode, logId?}`.
 * `maybe_crypto` becomes a RejectedError: the first time, the caller repeats once with a fresh key.
 */
export function classifyProviderCode(code: number, fields: CallFields = {}): CardsealError {
  const found = Object.hasOwn(PROVIDER_ERRORS, code) ? PROVIDER_ERRORS[code] : undefined;
  return upstreamError(found ?? UNKNOWN_PROVIDER_ERROR, { ...fields, providerCode: code });
}

/** The same for responses without a provider code: timeouts, statuses, bodies that are not JSON. */
export function classifyTransport(kind: keyof typeof TRANSPORT_ERRORS, fields: CallFields = {}, cause?: unknown) {
  return upstreamError(TRANSPORT_ERRORS[kind], fields, cause);
}

export function classifyHttpStatus(httpStatus: number, fields: CallFields = {}): CardsealError {
  const kind =
    httpStatus === 413
      ? 'http_413'
      : httpStatus === 429
        ? 'http_429'
        : httpStatus >= 500 && httpStatus <= 599
          ? 'http_5xx'
          : 'http_other';
  return classifyTransport(kind, { ...fields, httpStatus });
}

function upstreamError(row: UpstreamError, callFields: CallFields, cause?: unknown): CardsealError {
  const details = { cause, fields: { ...callFields, upstreamClass: row.upstreamClass, billed: row.billed } };
  switch (row.upstreamClass) {
    case 'qps':
      return new ThrottledError(row.code, QPS_RETRY_MS, details);
    case 'daily_quota':
    case 'total_quota':
    case 'configuration':
      return new ThrottledError(row.code, GATE_RETRY_MS, details);
    case 'rejected':
    case 'maybe_crypto':
      return new RejectedError(row.code, details);
    case 'defect':
      return new DefectError(row.code, details);
    default:
      return new TransientError(row.code, details);
  }
}
