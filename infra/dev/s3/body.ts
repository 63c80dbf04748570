// Receives a request's body: decodes its transfer form, and checks length and digests against everything that the client declared.
// If it returns, the sink has received exactly the signed bytes. If it throws, the bytes must not be used.
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { decodeAwsChunked, type Trailers } from './aws-chunked.ts';
import {
  type Checksum,
  type ChecksumAlgorithm,
  checksumAlgorithms,
  createChecksum,
  headerOf,
  isWellFormed,
} from './checksums.ts';
import type { StoredChecksum } from './object-file.ts';
import { S3Error } from './s3-error.ts';
import type { Authorized } from './signature.ts';

/** `md5` is hex. `checksum` is present if the client asked for one. `declared`: whether it sent any digest of the body. */
export type ReceivedBody = { sizeBytes: number; md5: string; checksum?: StoredChecksum; declared: boolean };
type Sink = (chunk: Buffer) => Promise<void> | void;

/** S3's limit of a single PUT. */
const maxBodyBytes = 5 * 1024 ** 3;

export async function receiveBody(request: IncomingMessage, authorized: Authorized, sink: Sink): Promise<ReceivedBody> {
  const transfer = transferOf(request, authorized);
  const algorithm = checksumAlgorithmOf(request);
  const checksum = algorithm && createChecksum(algorithm);
  const md5 = createHash('md5');
  const sha256 = transfer.sha256 === undefined ? undefined : createHash('sha256');
  if (transfer.lengthBytes > maxBodyBytes) throw new S3Error('EntityTooLarge');
  let sizeBytes = 0;
  for await (const chunk of transfer.chunks) {
    sizeBytes += chunk.length;
    if (sizeBytes > transfer.lengthBytes) throw new S3Error('IncompleteBody');
    md5.update(chunk);
    sha256?.update(chunk);
    checksum?.update(chunk);
    await sink(chunk);
  }
  if (sizeBytes !== transfer.lengthBytes) throw new S3Error('IncompleteBody');
  if (sha256 && sha256.digest('hex') !== transfer.sha256) throw new S3Error('XAmzContentSHA256Mismatch');
  const digest = md5.digest();
  checkMd5(request.headersDistinct['content-md5']?.[0], digest);
  const stored = algorithm && checksum && checkChecksum(algorithm, checksum, request, transfer.trailers);
  const declared = stored !== undefined || request.headers['content-md5'] !== undefined;
  return { sizeBytes, md5: digest.toString('hex'), ...(stored && { checksum: stored }), declared };
}

type Transfer = {
  chunks: AsyncIterable<Buffer>;
  lengthBytes: number;
  sha256: string | undefined;
  trailers: Trailers;
};

function transferOf(request: IncomingMessage, { contentSha256, chain }: Authorized): Transfer {
  const trailers: Trailers = new Map();
  // Leaving the loop early must not destroy the connection, because the store still sends the error.
  const source: AsyncIterable<Buffer> = { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) };
  const plain = { chunks: source, trailers };
  if (contentSha256 === 'UNSIGNED-PAYLOAD') return { ...plain, lengthBytes: plainLength(request), sha256: undefined };
  if (/^[0-9a-f]{64}$/.test(contentSha256)) {
    return { ...plain, lengthBytes: plainLength(request), sha256: contentSha256 };
  }
  const form = /^STREAMING-(UNSIGNED-PAYLOAD|AWS4-HMAC-SHA256-PAYLOAD)(-TRAILER)?$/.exec(contentSha256);
  if (!form || contentSha256 === 'STREAMING-UNSIGNED-PAYLOAD') {
    throw new S3Error('InvalidArgument', 'x-amz-content-sha256 must be a hash or one of the known payload forms');
  }
  const announced = form[2] ? announcedTrailers(request) : [];
  const chunks = decodeAwsChunked(source, {
    chain: form[1] === 'UNSIGNED-PAYLOAD' ? undefined : chain,
    announced,
    onTrailers: (received) => {
      for (const [name, value] of received) trailers.set(name, value);
    },
  });
  return { chunks, trailers, lengthBytes: decodedLength(request), sha256: undefined };
}

function announcedTrailers(request: IncomingMessage): string[] {
  const header = request.headers['x-amz-trailer'];
  const names = (typeof header === 'string' ? header : '').split(',').map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== '');
}

function plainLength(request: IncomingMessage): number {
  if (request.headers['content-length'] !== undefined) return Number(request.headers['content-length']);
  if (request.headers['transfer-encoding'] !== undefined) throw new S3Error('MissingContentLength');
  return 0;
}

/** S3 requires this header for every chunked body, because a body that is cut off at the end of a chunk looks complete. */
function decodedLength(request: IncomingMessage): number {
  const header = request.headers['x-amz-decoded-content-length'];
  if (header === undefined) throw new S3Error('MissingContentLength');
  const length = Number(header);
  if (!Number.isInteger(length) || length < 0)
    throw new S3Error('InvalidArgument', 'x-amz-decoded-content-length is not valid');
  return length;
}

function checksumAlgorithmOf(request: IncomingMessage): ChecksumAlgorithm | undefined {
  const sent = Object.keys(request.headers).filter((name) => /^x-amz-checksum-(?!mode|type|algorithm)/.test(name));
  const named = [...sent, ...announcedTrailers(request)];
  const declared = request.headers['x-amz-sdk-checksum-algorithm'];
  if (typeof declared === 'string') named.push(headerOf(declared));
  if (named.length === 0) return undefined;
  const found = checksumAlgorithms.find((algorithm) => headerOf(algorithm) === named[0]);
  if (!found) throw new S3Error('NotImplemented', 'This checksum algorithm is not implemented.');
  if (named.some((name) => name !== named[0]))
    throw new S3Error('InvalidRequest', 'Expecting a single x-amz-checksum- header');
  return found;
}

function checkMd5(header: string | undefined, digest: Buffer): void {
  if (header === undefined) return;
  const given = Buffer.from(header, 'base64');
  if (given.length !== 16) throw new S3Error('InvalidDigest');
  if (!given.equals(digest)) throw new S3Error('BadDigest');
}

/** If the client sent no value, it only asked the store to compute and keep the checksum. */
function checkChecksum(
  algorithm: ChecksumAlgorithm,
  checksum: Checksum,
  request: IncomingMessage,
  trailers: Trailers,
): StoredChecksum {
  const header = headerOf(algorithm);
  const given = request.headers[header] ?? trailers.get(header);
  const value = checksum.base64();
  if (typeof given === 'string') {
    if (!isWellFormed(algorithm, given)) throw new S3Error('InvalidRequest', `Value for ${header} is invalid.`);
    if (given !== value) {
      throw new S3Error('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`);
    }
  }
  return { algorithm, value };
}
