/**
 * Every response of the provider that is not a result, as data: its meaning for the attempt, the gate, the bill and
 * the end user. No other file gives a provider code a meaning, and nothing looks at message texts. Codes are as
 * published by the provider; `billed: 'no'` for coded errors is inferred from its price pages.
 */
import type { Billed, ImageRefusal, UpstreamClass } from '@cardseal/core/provider';

export interface UpstreamError {
  readonly upstreamClass: UpstreamClass;
  /** Cardseal's own stable code, which consumers and operators see. */
  readonly code: string;
  readonly billed: Billed;
}

const row = (upstreamClass: UpstreamClass, code: string): UpstreamError => ({ upstreamClass, code, billed: 'no' });
const refusal = (code: ImageRefusal) => row('rejected', code);

const INTERNAL = row('transient', 'upstream_internal_error');
const RECOGNISE = row('transient', 'upstream_recognition_error');
const TOKEN = row('token', 'upstream_token_invalid');
const REQUEST = row('defect', 'upstream_request_invalid');
const RIGHTS = row('configuration', 'upstream_rights_missing');
const ACCOUNT = row('configuration', 'upstream_account_invalid');
const TOO_LARGE = refusal('image_too_large');
const UNREADABLE = refusal('image_unreadable');
const NOT_FOUND = refusal('card_not_found');

export const PROVIDER_ERRORS: Readonly<Record<number, UpstreamError>> = Object.freeze({
  1: row('transient', 'upstream_unknown_error'),
  2: row('transient', 'upstream_unavailable'),
  282000: INTERNAL,
  216300: INTERNAL,
  216400: INTERNAL,
  216401: INTERNAL,
  336000: INTERNAL,
  216630: RECOGNISE,
  216634: RECOGNISE,

  4: row('overload', 'upstream_overloaded'),
  18: row('qps', 'upstream_qps_limit'),
  17: row('daily_quota', 'upstream_daily_quota'),
  19: row('total_quota', 'upstream_total_quota'),
  216604: row('total_quota', 'upstream_total_quota'),

  100: TOKEN,
  110: TOKEN,
  111: row('token', 'upstream_token_expired'),
  13: TOKEN,

  3: RIGHTS,
  6: RIGHTS,
  216015: RIGHTS,
  216102: RIGHTS,
  14: ACCOUNT,
  15: ACCOUNT,
  216110: ACCOUNT,

  216100: REQUEST,
  216101: REQUEST,
  216103: REQUEST,
  216111: REQUEST,
  282003: REQUEST,
  283300: REQUEST,
  336001: REQUEST,

  216200: refusal('image_blank'),
  216201: row('maybe_crypto', 'image_format_refused' satisfies ImageRefusal),
  216202: refusal('image_size_refused'),
  216203: TOO_LARGE,
  216205: TOO_LARGE,
  216633: NOT_FOUND,
  282100: UNREADABLE,
  282101: refusal('image_proportions_refused'),
  282102: NOT_FOUND,
  282103: UNREADABLE,
  282810: UNREADABLE,
});

/** Recorded when the code is in no row. */
export const UNKNOWN_PROVIDER_ERROR: UpstreamError = Object.freeze({
  upstreamClass: 'unknown',
  code: 'upstream_unknown_code',
  billed: 'unknown',
});

/** Responses without a provider code, by what was observed. */
export const TRANSPORT_ERRORS = Object.freeze({
  http_413: TOO_LARGE,
  http_429: row('transient', 'upstream_http_429'),
  http_5xx: { upstreamClass: 'transient', code: 'upstream_http_5xx', billed: 'unknown' },
  http_other: { upstreamClass: 'unknown', code: 'upstream_http_status', billed: 'unknown' },
  empty: { upstreamClass: 'transient', code: 'upstream_reply_empty', billed: 'unknown' },
  not_json: { upstreamClass: 'transient', code: 'upstream_reply_not_json', billed: 'unknown' },
  too_large: { upstreamClass: 'transient', code: 'upstream_reply_too_large', billed: 'unknown' },
  incomplete: { upstreamClass: 'crypto', code: 'upstream_reply_incomplete', billed: 'unknown' },
  timeout: { upstreamClass: 'transient', code: 'upstream_timeout', billed: 'unknown' },
  /** Broken after the request may have been sent. */
  connection: { upstreamClass: 'transient', code: 'upstream_connection', billed: 'unknown' },
  /** Not connected: nothing was sent. */
  unreachable: row('transient', 'upstream_unreachable'),
} satisfies Record<string, UpstreamError>);
