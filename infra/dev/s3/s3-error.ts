// The errors of the object store double: S3's codes, statuses and XML form.
// Clients decide by code and status, so both follow the public S3 API reference. A message must never contain a body or a secret.
import { element, xmlDocument } from './xml.ts';

const catalogue = {
  AccessDenied: [403, 'Access Denied'],
  AuthorizationHeaderMalformed: [400, 'The authorization header that you provided is not valid.'],
  AuthorizationQueryParametersError: [400, 'The query parameters of the signature are not valid.'],
  BadDigest: [400, 'The checksum that you specified did not match what was received.'],
  BucketAlreadyOwnedByYou: [409, 'Your previous request to create the named bucket succeeded and you already own it.'],
  BucketNotEmpty: [409, 'The bucket that you tried to delete is not empty.'],
  EntityTooLarge: [400, 'Your proposed upload exceeds the maximum allowed object size.'],
  IncompleteBody: [400, 'You did not provide the number of bytes specified by the Content-Length HTTP header.'],
  InternalError: [500, 'We encountered an internal error. Please try again.'],
  InvalidAccessKeyId: [403, 'The access key ID that you provided does not exist in our records.'],
  InvalidArgument: [400, 'Invalid Argument'],
  InvalidBucketName: [400, 'The specified bucket is not valid.'],
  InvalidDigest: [400, 'The Content-MD5 or checksum value that you specified is not valid.'],
  InvalidRange: [416, 'The requested range is not satisfiable'],
  InvalidRequest: [400, 'Invalid Request'],
  InvalidURI: [400, 'The specified URI could not be parsed.'],
  KeyTooLongError: [400, 'Your key is too long.'],
  MalformedTrailerError: [400, 'The request contained trailing data that was not well-formed.'],
  MalformedXML: [400, 'The XML that you provided was not well-formed.'],
  MetadataTooLarge: [400, 'Your metadata headers exceed the maximum allowed metadata size.'],
  MethodNotAllowed: [405, 'The specified method is not allowed against this resource.'],
  NoSuchVersion: [404, 'The specified version does not exist.'],
  MissingContentMD5: [400, 'Missing required header for this request: Content-MD5.'],
  MissingContentLength: [411, 'You must provide the Content-Length HTTP header.'],
  NoSuchBucket: [404, 'The specified bucket does not exist'],
  NoSuchKey: [404, 'The specified key does not exist.'],
  NotImplemented: [501, 'A header or query that you provided implies functionality that is not implemented.'],
  PreconditionFailed: [412, 'At least one of the pre-conditions you specified did not hold'],
  RequestTimeTooSkewed: [403, 'The difference between the request time and the current time is too large.'],
  ServiceUnavailable: [503, 'Service is unable to handle request.'],
  SignatureDoesNotMatch: [403, 'The request signature we calculated does not match the signature you provided.'],
  SlowDown: [503, 'Please reduce your request rate.'],
  XAmzContentSHA256Mismatch: [400, 'The provided x-amz-content-sha256 header does not match what was computed.'],
} as const satisfies Record<string, readonly [number, string]>;

export type S3ErrorCode = keyof typeof catalogue;

/** An error of S3: `code` and `status` as in the API reference. `fields` become additional XML elements. */
export class S3Error extends Error {
  readonly code: S3ErrorCode;
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;

  constructor(code: S3ErrorCode, message?: string, fields: Record<string, string> = {}) {
    const [status, usual] = catalogue[code];
    super(message ?? usual);
    this.name = 'S3Error';
    this.code = code;
    this.status = status;
    this.fields = fields;
  }
}

/** Turns a thrown value into an S3 error: 503 for a full disk, so that clients retry, and 500 for an unknown error. */
export function asS3Error(thrown: unknown): S3Error {
  if (thrown instanceof S3Error) return thrown;
  const code = (thrown as NodeJS.ErrnoException | null)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new S3Error('SlowDown', 'The storage is full.');
  if (code === 'EMFILE' || code === 'ENFILE') return new S3Error('SlowDown');
  return new S3Error('InternalError');
}

/** The XML body of an error response, as UTF-8 text. */
export function errorXml(
  error: { code: string; message: string; fields?: Readonly<Record<string, string>> },
  ids: RequestIds,
): string {
  const fields = Object.entries(error.fields ?? {}).map(([name, value]) => element(name, value));
  return xmlDocument(
    `<Error>${element('Code', error.code)}${element('Message', error.message)}${fields.join('')}` +
      `${element('RequestId', ids.requestId)}${element('HostId', ids.hostId)}</Error>`,
  );
}

export type RequestIds = { requestId: string; hostId: string };
