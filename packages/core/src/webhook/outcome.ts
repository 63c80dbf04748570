/**
 * What one try came to: a closed set of classes, and the one table that says what follows from each. Pure. Nothing
 * here reads a message text, and an error nobody knows is ours, never the receiver's.
 */

export type DeliveryClass =
  | 'delivered'
  | 'redirect'
  | 'gone'
  | 'client_error'
  | 'throttling'
  | 'server_error'
  | 'timeout'
  | 'connection'
  | 'tls'
  | 'target_refused';

export type FailureClass = Exclude<DeliveryClass, 'delivered'>;

/** What sending ended with: a status line, or an error before or after it. */
export type Answer = { status: number } | { error: unknown };

/**
 * `budget`: tries a delivery has (`full` schedule, `short` one, `none`: over at once, `parked`: kept for a person).
 * `endpoint`: what it means for everything else bound there: `throttle` halves its cap, `disable` stops it.
 */
export interface Consequence {
  budget: 'full' | 'short' | 'none' | 'parked';
  endpoint: 'none' | 'throttle' | 'disable';
}

export const CONSEQUENCES: Readonly<Record<FailureClass, Consequence>> = {
  redirect: { budget: 'full', endpoint: 'none' },
  gone: { budget: 'parked', endpoint: 'disable' },
  client_error: { budget: 'short', endpoint: 'none' },
  throttling: { budget: 'full', endpoint: 'throttle' },
  server_error: { budget: 'full', endpoint: 'throttle' },
  timeout: { budget: 'full', endpoint: 'throttle' },
  connection: { budget: 'full', endpoint: 'none' },
  tls: { budget: 'full', endpoint: 'none' },
  target_refused: { budget: 'none', endpoint: 'none' },
};

/** 429 asks for less; 502, 503 and 504 come from a proxy whose backend is away. */
const THROTTLING_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);

const TIMEOUT_CODES: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

/** Codes of the receiver's side of the network: its name, its port, its way of speaking HTTP. */
const CONNECTION_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'ENODATA',
  'EAI_AGAIN',
  'EAI_NODATA',
  'EAI_NONAME',
  'EAI_FAIL',
  'ESERVFAIL',
  'EREFUSED',
  'EBADRESP',
  'ETIMEOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

/** OpenSSL's verification results carry no common prefix; these are the ones Node passes through. */
const TLS_CODES: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'HOSTNAME_MISMATCH',
  'PATH_LENGTH_EXCEEDED',
  'EPROTO',
]);
const TLS_PREFIXES = ['ERR_TLS_', 'ERR_SSL_', 'CERT_', 'CRL_'] as const;

/** The class of an answer; `undefined` for an error that is not the receiver's (a defect or a shortage of ours). */
export function classifyAnswer(answer: Answer): DeliveryClass | undefined {
  return 'status' in answer ? classifyStatus(answer.status) : classifyError(answer.error);
}

function classifyStatus(status: number): DeliveryClass {
  if (status >= 200 && status < 300) return 'delivered';
  if (status >= 300 && status < 400) return 'redirect';
  if (status === 410) return 'gone';
  if (THROTTLING_STATUS.has(status)) return 'throttling';
  if (status >= 400 && status < 500) return 'client_error';
  return 'server_error';
}

function classifyError(error: unknown): DeliveryClass | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'TimeoutError') return 'timeout';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'webhook_target_refused') return 'target_refused';
  if (TIMEOUT_CODES.has(code)) return 'timeout';
  // An answer that is no HTTP at all comes without a code, by name only.
  if (CONNECTION_CODES.has(code) || error.name === 'HTTPParserError') return 'connection';
  if (TLS_CODES.has(code) || TLS_PREFIXES.some((prefix) => code.startsWith(prefix))) return 'tls';
  return undefined;
}
