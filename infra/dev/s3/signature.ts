// Checks Signature Version 4 as S3 does: the caller's key, the signed parts of the request, its age, and how its body is signed.
// The store must not act on a request before this check has passed. Source: the public SigV4 pages of the S3 API reference.
import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { S3Error } from './s3-error.ts';
import type { Target } from './target.ts';

export type Credentials = { accessKeyId: string; secretAccessKey: string };
export type SignedRequest = { method: string; target: Target; headers: Record<string, string[] | undefined> };
export type Verifier = { credentials: readonly Credentials[]; region: string; nowMs: number };

/** Input for the check of the body: its declared hash or mode, and the signature chain for signed chunks. */
export type Authorized = { accessKeyId: string; contentSha256: string; chain: SignatureChain };
export type SignatureChain = { signingKey: KeyObject; timestamp: string; scope: string; seed: string };

type Claim = {
  accessKeyId: string;
  date: string;
  region: string;
  scope: string;
  timestamp: string;
  signedHeaders: string[];
  signature: string;
  contentSha256: string;
  query: Target['query'];
  expiresS: number | undefined;
};

const algorithm = 'AWS4-HMAC-SHA256';
const skewLimitMs = 15 * 60_000;
const longestPresignedS = 7 * 24 * 3600;

/** @throws S3Error 403 (400 if malformed) unless a known secret signed exactly this request recently enough. */
export function verifySignature(request: SignedRequest, verifier: Verifier): Authorized {
  const claim = claimOf(request);
  const known = verifier.credentials.find((candidate) => candidate.accessKeyId === claim.accessKeyId);
  if (!known) throw new S3Error('InvalidAccessKeyId', undefined, { AWSAccessKeyId: claim.accessKeyId });
  checkScope(claim, verifier.region);
  checkTime(claim, verifier.nowMs);
  checkHeadersSigned(request, claim);
  const signingKey = deriveSigningKey(known.secretAccessKey, claim.date, claim.region);
  const expected = hmacHex(signingKey, stringToSign(request, claim));
  if (!sameSignature(expected, claim.signature)) throw new S3Error('SignatureDoesNotMatch');
  const chain = { signingKey, timestamp: claim.timestamp, scope: claim.scope, seed: claim.signature };
  return { accessKeyId: claim.accessKeyId, contentSha256: claim.contentSha256, chain };
}

const derived = new Map<string, KeyObject>();
const derivedLimit = 64;

/** Cached per day and secret, because the derivation costs more than the rest of the check. */
export function deriveSigningKey(secret: string, date: string, region: string): KeyObject {
  const name = JSON.stringify([secret, date, region]);
  const known = derived.get(name);
  if (known) return known;
  const bytes = [date, region, 's3', 'aws4_request'].reduce<Buffer>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from(`AWS4${secret}`, 'utf8'),
  );
  if (derived.size >= derivedLimit) derived.clear();
  const key = createSecretKey(bytes);
  derived.set(name, key);
  return key;
}

export function hmacHex(key: KeyObject, text: string): string {
  return createHmac('sha256', key).update(text, 'utf8').digest('hex');
}

export function sha256Hex(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

export function sameSignature(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function claimOf(request: SignedRequest): Claim {
  const authorization = request.headers.authorization?.[0];
  const inQuery = request.target.query.some(([name]) => name === 'X-Amz-Signature' || name === 'X-Amz-Algorithm');
  if (authorization !== undefined) return headerClaim(request, authorization);
  if (inQuery) return queryClaim(request);
  throw new S3Error('AccessDenied');
}

function headerClaim({ headers, target }: SignedRequest, authorization: string): Claim {
  const match =
    /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+)\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  if (!match) throw new S3Error('AuthorizationHeaderMalformed');
  const contentSha256 = headers['x-amz-content-sha256']?.[0];
  if (!contentSha256) {
    throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  const [, credential, signedHeaders, signature] = match as unknown as [string, string, string, string];
  return {
    ...credentialParts(credential, 'AuthorizationHeaderMalformed'),
    timestamp: headers['x-amz-date']?.[0] ?? '',
    signedHeaders: signedHeaders.split(';'),
    signature,
    contentSha256,
    query: target.query,
    expiresS: undefined,
  };
}

function queryClaim({ target, headers }: SignedRequest): Claim {
  const values = new Map(target.query);
  const read = (name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new S3Error('AuthorizationQueryParametersError', `${name} is required.`);
    return value;
  };
  if (read('X-Amz-Algorithm') !== algorithm) throw new S3Error('AuthorizationQueryParametersError');
  const expiresS = Number(read('X-Amz-Expires'));
  if (!Number.isInteger(expiresS) || expiresS < 0 || expiresS > longestPresignedS) {
    throw new S3Error('AuthorizationQueryParametersError', 'X-Amz-Expires must be between 0 and 604800 seconds');
  }
  return {
    ...credentialParts(read('X-Amz-Credential'), 'AuthorizationQueryParametersError'),
    timestamp: read('X-Amz-Date'),
    signedHeaders: read('X-Amz-SignedHeaders').split(';'),
    signature: read('X-Amz-Signature'),
    contentSha256: values.get('X-Amz-Content-Sha256') ?? headers['x-amz-content-sha256']?.[0] ?? 'UNSIGNED-PAYLOAD',
    query: target.query.filter(([name]) => name !== 'X-Amz-Signature'),
    expiresS,
  };
}

type CredentialParts = Pick<Claim, 'accessKeyId' | 'date' | 'region' | 'scope'>;

function credentialParts(
  credential: string,
  code: 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError',
): CredentialParts {
  const parts = credential.split('/');
  const [date, region, service, end] = parts.slice(-4);
  if (parts.length < 5 || !date || !region || service !== 's3' || end !== 'aws4_request') throw new S3Error(code);
  return { accessKeyId: parts.slice(0, -4).join('/'), date, region, scope: parts.slice(-4).join('/') };
}

function checkScope(claim: Claim, region: string): void {
  if (claim.region === region) return;
  const message = `The authorization header is malformed; the region '${claim.region}' is wrong; expecting '${region}'`;
  throw new S3Error('AuthorizationHeaderMalformed', message, { Region: region });
}

function checkTime(claim: Claim, nowMs: number): void {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(claim.timestamp);
  if (!match || !claim.timestamp.startsWith(claim.date)) {
    throw new S3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
  }
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const signedAtMs = Date.UTC(year, month - 1, day, hour, minute, second);
  const late =
    claim.expiresS === undefined ? nowMs - signedAtMs > skewLimitMs : nowMs - signedAtMs > claim.expiresS * 1000;
  if (claim.expiresS !== undefined && late) throw new S3Error('AccessDenied', 'Request has expired');
  if (late || signedAtMs - nowMs > skewLimitMs) throw new S3Error('RequestTimeTooSkewed');
}

function checkHeadersSigned({ headers }: SignedRequest, claim: Claim): void {
  const unsigned = Object.keys(headers).filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !claim.signedHeaders.includes(name),
  );
  // The user of a presigned URL may add the payload's hash in a header, which the signer did not sign.
  const allowed = claim.expiresS === undefined ? [] : ['x-amz-content-sha256'];
  if (unsigned.some((name) => !allowed.includes(name))) {
    throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed');
  }
}

function stringToSign(request: SignedRequest, claim: Claim): string {
  const canonical = [
    request.method,
    request.target.path.split('/').map(encodeRfc3986).join('/'),
    canonicalQuery(claim.query),
    ...claim.signedHeaders.map((name) => `${name}:${canonicalValue(request.headers[name])}`),
    '',
    claim.signedHeaders.join(';'),
    claim.contentSha256,
  ].join('\n');
  return [algorithm, claim.timestamp, claim.scope, sha256Hex(canonical)].join('\n');
}

function canonicalQuery(query: Target['query']): string {
  const pairs = query.map(([name, value]) => [encodeRfc3986(name), encodeRfc3986(value)] as const);
  pairs.sort(([name, value], [otherName, otherValue]) =>
    name === otherName ? (value < otherValue ? -1 : 1) : name < otherName ? -1 : 1,
  );
  return pairs.map((pair) => pair.join('=')).join('&');
}

function canonicalValue(values: string[] | undefined): string {
  return (values ?? []).map((value) => value.trim().replace(/ +/g, ' ')).join(',');
}

function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
