// Builds bodies in the `aws-chunked` form with signed chunks by hand, because the SDK never sends them.
import { crc32 } from 'node:zlib';
import { type Answer, type Call, send, sha256, signHeaders } from './hand-signed.ts';
import type { StoreUnderTest } from './store-under-test.ts';

export type ChunkedOptions = {
  withTrailer: boolean;
  /** Changes one chunk or the trailer after signing. */
  tamper?: 'chunk' | 'trailer';
  chunkBytes?: number;
};

/** PUTs the body in signed chunks, optionally with a signed CRC32 trailer. */
export function putSignedChunks(
  store: StoreUnderTest,
  key: string,
  body: Buffer,
  options: ChunkedOptions,
): Promise<Answer> {
  const payload = `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${options.withTrailer ? '-TRAILER' : ''}`;
  const headers: Record<string, string> = {
    'content-encoding': 'aws-chunked',
    'x-amz-decoded-content-length': String(body.length),
  };
  if (options.withTrailer) headers['x-amz-trailer'] = 'x-amz-checksum-crc32';
  const call: Call = { method: 'PUT', key, headers, payload };
  const signed = signHeaders(store, call);
  const encoded = encodeChunks(body, signed, options);
  return send(store, 'PUT', signed.path, { ...signed.headers, 'content-length': String(encoded.length) }, encoded);
}

function encodeChunks(body: Buffer, signed: ReturnType<typeof signHeaders>, options: ChunkedOptions): Buffer {
  const { sign, scope, timestamp } = signed;
  const chunkBytes = options.chunkBytes ?? 64 * 1024;
  const parts: Buffer[] = [];
  let previous = signed.signature;
  const next = (kind: string, hashes: string[]) => {
    previous = sign([`AWS4-HMAC-SHA256-${kind}`, timestamp, scope, previous, ...hashes].join('\n'));
    return previous;
  };
  for (let from = 0; from <= body.length + chunkBytes - 1; from += chunkBytes) {
    const chunk = Buffer.from(body.subarray(from, from + chunkBytes));
    const signature = next('PAYLOAD', [sha256(''), sha256(chunk)]);
    if (options.tamper === 'chunk' && from === 0) chunk[0]! ^= 1;
    parts.push(Buffer.from(`${chunk.length.toString(16)};chunk-signature=${signature}\r\n`), chunk);
    if (chunk.length > 0) parts.push(Buffer.from('\r\n'));
  }
  if (options.withTrailer) parts.push(trailer(body, next, options.tamper === 'trailer'));
  parts.push(Buffer.from('\r\n'));
  return Buffer.concat(parts);
}

function trailer(body: Buffer, next: (kind: string, hashes: string[]) => string, tamper: boolean): Buffer {
  const name = 'x-amz-checksum-crc32';
  const value = checksumHeader(body);
  const signature = next('TRAILER', [sha256(`${name}:${value}\n`)]);
  return Buffer.from(
    `${name}:${tamper ? checksumHeader(Buffer.from('other')) : value}\r\nx-amz-trailer-signature:${signature}\r\n`,
  );
}

/** A CRC32 in the form of S3's headers. */
export function checksumHeader(body: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString('base64');
}
