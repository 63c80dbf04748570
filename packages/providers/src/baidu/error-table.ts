/**
 * Every response of the provider that is not a result, as data: its meaning for the attempt, the gate, the bill and
 * the end user. No other file gives a provider code a meaning, and nothing looks at message texts. Codes are as
 * published by the provider; `billed: 'no'` for coded errors is inferred from its price pages.
 */

export type UpstreamClass =
  /** Retry: backoff, attempt spent. */
  | 'transient'
  /** The provider's cluster is over its limit: as transient, with a longer backoff. */
  | 'overload'
  /** Over the rate: attempt not spent, every process slows down. */
  | 'qps'
  | 'daily_quota'
  | 'total_quota'
  /** Renew the access token once and repeat at once. */
  | 'token'
  /** Account or rights of Cardseal: the gate closes, alert, attempt not spent. */
  | 'configuration'
  /** Cardseal's request is wrong: terminal, alert. */
  | 'defect'
  /** The image cannot be used: terminal, the end user can act. */
  | 'rejected'
  /** 216201: once more with a fresh key, because a failed decryption at the provider looks the same; then rejected. */
  | 'maybe_crypto'
  /** Not in this table: transient with a small limit. */
  | 'unknown'
  /** The reply could not be decrypted or read: a fresh key, at most twice, then defect. */
  | 'crypto';

type Billed = 'no' | 'unknown' | 'yes';

export interface UpstreamError {
  readonly upstreamClass: UpstreamClass;
  /** Cardseal's own stable code, which consumers and operators see. */
  readonly code: string;
  readonly billed: Billed;
  /** For the end user; for rejected images only. */
  readonly message?: string;
}

const row = (upstreamClass: UpstreamClass, code: string, message?: string): UpstreamError => ({
  upstreamClass,
  code,
  billed: 'no',
  ...(message === undefined ? {} : { message }),
});

const INTERNAL = row('transient', 'upstream_internal_error');
const RECOGNISE = row('transient', 'upstream_recognition_error');
const TOKEN = row('token', 'upstream_token_invalid');
const REQUEST = row('defect', 'upstream_request_invalid');
const RIGHTS = row('configuration', 'upstream_rights_missing');
const ACCOUNT = row('configuration', 'upstream_account_invalid');
const TOO_LARGE = row('rejected', 'image_too_large', 'The image is too large. Please send a smaller one.');
const UNREADABLE = row('rejected', 'image_unreadable', 'The image cannot be read. Please take a new one.');
const NOT_FOUND = row(
  'rejected',
  'card_not_found',
  'No ID card was found. Please show the whole card, flat and sharp.',
);

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

  216200: row('rejected', 'image_blank', 'The image is empty. Please send it again.'),
  216201: row('maybe_crypto', 'image_format_refused', 'The image is not a JPEG, PNG or BMP that can be read.'),
  216202: row(
    'rejected',
    'image_size_refused',
    'The image is too small or too large in pixels. Please take a new one.',
  ),
  216203: TOO_LARGE,
  216205: TOO_LARGE,
  216633: NOT_FOUND,
  282100: UNREADABLE,
  282101: row('rejected', 'image_proportions_refused', 'The image is too long and narrow. Please show the card alone.'),
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
