/**
 * Describes in one sentence which service Cardseal cannot use, where it is, and why. For a failed start and for the
 * CLI; it shows no stack and no password.
 */
import { CardsealError } from '@cardseal/base/errors';

/** Property names equal the environment variables. */
export interface TroubleEnvironment {
  REDIS_URL?: string | undefined;
  S3_ENDPOINT?: string | undefined;
  S3_REGION?: string | undefined;
  S3_BUCKET?: string | undefined;
  S3_KEYS_BUCKET?: string | undefined;
  KMS_ENDPOINT?: string | undefined;
  KMS_REGION?: string | undefined;
  KMS_KEY_ID?: string | undefined;
  MASTER_KEY_FILE?: string | undefined;
}

/** The sentence, or `undefined` for an error of another kind. */
export function describeTrouble(error: unknown, env: TroubleEnvironment): string | undefined {
  if (!(error instanceof CardsealError)) return undefined;
  const { code } = error;
  if (code === 'store_ignores_conditions') return `${storeName(env)} ignores If-None-Match, which Cardseal needs`;
  if (code.startsWith('store_')) return `${storeName(env)} cannot be used: ${causeOf(error)}`;
  if (code === 'queue_unavailable') return `Redis at ${redisPlace(env.REDIS_URL)} cannot be used: ${causeOf(error)}`;
  if (code.startsWith('key_service_')) return `${keyServiceName(env)} cannot be used: ${causeOf(error)}`;
  return undefined;
}

/** Scheme, host and port; never the user or the password. */
export function redisPlace(url: string | undefined): string {
  const parsed = url === undefined ? null : URL.parse(url);
  return parsed ? `${parsed.protocol}//${parsed.host}` : 'REDIS_URL';
}

function storeName({ S3_ENDPOINT, S3_REGION, S3_BUCKET, S3_KEYS_BUCKET }: TroubleEnvironment): string {
  const place = S3_ENDPOINT ?? `AWS S3 in ${S3_REGION}`;
  const buckets = [S3_BUCKET, S3_KEYS_BUCKET].filter((name) => name !== undefined);
  return `the object store at ${place} (${buckets.length > 1 ? 'buckets' : 'bucket'} ${buckets.join(', ')})`;
}

function keyServiceName({ KMS_KEY_ID, KMS_ENDPOINT, KMS_REGION, S3_REGION, MASTER_KEY_FILE }: TroubleEnvironment) {
  if (KMS_KEY_ID === undefined) return `the key file ${MASTER_KEY_FILE}`;
  return `the key service at ${KMS_ENDPOINT ?? `AWS KMS in ${KMS_REGION ?? S3_REGION}`} (key ${KMS_KEY_ID})`;
}

const WORDS: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was closed',
  EHOSTUNREACH: 'no network route leads there',
  ENETUNREACH: 'no network route leads there',
  ENOTFOUND: 'the host name does not resolve',
  EAI_AGAIN: 'the name server does not respond',
  ETIMEDOUT: 'it does not respond in time',
  TimeoutError: 'it does not respond in time',
  AbortError: 'it does not respond in time',
  NoSuchBucket: 'the bucket does not exist',
  AccessDenied: 'access is denied',
  AccessDeniedException: 'access is denied',
  InvalidAccessKeyId: 'the access key is unknown',
  SignatureDoesNotMatch: 'the secret key does not match',
  CredentialsProviderError: 'no AWS credentials were found',
  NotFoundException: 'the key does not exist',
  DisabledException: 'the key is disabled',
  EPROTO: 'the TLS handshake failed',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not trusted',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  WRONGPASS: 'user or password is wrong',
  NOAUTH: 'a password is missing',
};

/** For example "nothing listens there (ECONNREFUSED)": the innermost code or name that explains the error. */
export function causeOf(error: unknown): string {
  const names = chainOf(error).flatMap(namesOf);
  const known = names.find((name) => name in WORDS);
  if (known) return `${WORDS[known]} (${known})`;
  const status = chainOf(error)
    .map(statusOf)
    .find((one) => one !== undefined);
  const name = names.find((one) => one !== 'Error') ?? 'unknown cause';
  return status === undefined ? name : `${name}, HTTP ${status}`;
}

/** The error, its causes, and the errors inside an AggregateError, innermost last. */
function chainOf(error: unknown, depth = 0): object[] {
  if (typeof error !== 'object' || error === null || depth > 5) return [];
  const { cause, errors } = error as { cause?: unknown; errors?: unknown };
  const inner = [...(Array.isArray(errors) ? errors : []), cause].flatMap((one) => chainOf(one, depth + 1));
  return [...inner, error];
}

function namesOf(error: object): string[] {
  const { code, name, message } = error as { code?: unknown; name?: unknown; message?: unknown };
  // A Redis error starts its text with its code.
  const reply = name === 'ReplyError' ? /^[A-Z]+/.exec(String(message))?.[0] : undefined;
  return [reply, code, name].filter((one) => typeof one === 'string');
}

function statusOf(error: object): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}
