// Decodes a body in the `aws-chunked` form: chunks with sizes and optional signatures, then trailers with the checksum.
// It yields the plain bytes as they arrive. The caller must not use them before the end, where the last signature and the
// trailers are checked.
import { createHash } from 'node:crypto';
import { ByteReader } from './byte-reader.ts';
import { S3Error } from './s3-error.ts';
import { hmacHex, type SignatureChain, sameSignature, sha256Hex } from './signature.ts';

const maxLineBytes = 1024;
const maxTrailerBytes = 16 * 1024;

export type Trailers = Map<string, string>;

export type ChunkedForm = {
  /** The chain of signatures, if chunks are signed. */
  chain: SignatureChain | undefined;
  /** Names of the trailers that the headers announce. */
  announced: readonly string[];
  onTrailers: (trailers: Trailers) => void;
};

export async function* decodeAwsChunked(source: AsyncIterable<Buffer>, form: ChunkedForm): AsyncGenerator<Buffer> {
  const reader = new ByteReader(source);
  try {
    yield* decode(reader, form);
  } finally {
    await reader.release();
  }
}

async function* decode(reader: ByteReader, form: ChunkedForm): AsyncGenerator<Buffer> {
  const signatures = form.chain && new ChunkSignatures(form.chain);
  for (;;) {
    const head = parseHead(await reader.line(maxLineBytes));
    const hash = createHash('sha256');
    for (let left = head.sizeBytes; left > 0; ) {
      const piece = await reader.take(left);
      left -= piece.length;
      if (signatures) hash.update(piece);
      yield piece;
    }
    signatures?.checkChunk(hash.digest('hex'), head.signature);
    if (head.sizeBytes === 0) break;
    if ((await reader.line(2)) !== '') throw new S3Error('IncompleteBody');
  }
  form.onTrailers(parseTrailers(await reader.rest(maxTrailerBytes), form, signatures));
}

function parseHead(line: string): { sizeBytes: number; signature: string | undefined } {
  const match = /^([0-9a-f]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/i.exec(line);
  if (!match) throw new S3Error('InvalidRequest', 'The chunk header is not well-formed.');
  return { sizeBytes: Number.parseInt(match[1] as string, 16), signature: match[2] };
}

function parseTrailers(text: string, form: ChunkedForm, signatures: ChunkSignatures | undefined): Trailers {
  const trailers: Trailers = new Map();
  for (const line of text.split(/\r?\n/)) {
    if (line === '') continue;
    const colon = line.indexOf(':');
    if (colon < 1) throw new S3Error('MalformedTrailerError');
    trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const signature = trailers.get('x-amz-trailer-signature');
  trailers.delete('x-amz-trailer-signature');
  const expected = [...form.announced].sort().join();
  if ([...trailers.keys()].sort().join() !== expected) throw new S3Error('MalformedTrailerError');
  if (signatures && form.announced.length > 0) signatures.checkTrailers(trailers, signature);
  return trailers;
}

/** Each signature covers the previous one, so chunks cannot be dropped, changed or reordered. */
class ChunkSignatures {
  readonly #chain: SignatureChain;
  #previous: string;

  constructor(chain: SignatureChain) {
    this.#chain = chain;
    this.#previous = chain.seed;
  }

  checkChunk(sha256: string, given: string | undefined): void {
    this.#check('AWS4-HMAC-SHA256-PAYLOAD', [sha256Hex(''), sha256], given);
  }

  checkTrailers(trailers: Trailers, given: string | undefined): void {
    const text = Array.from(trailers, ([name, value]) => `${name}:${value}\n`).join('');
    this.#check('AWS4-HMAC-SHA256-TRAILER', [sha256Hex(text)], given);
  }

  #check(kind: string, hashes: string[], given: string | undefined): void {
    const { signingKey, timestamp, scope } = this.#chain;
    const expected = hmacHex(signingKey, [kind, timestamp, scope, this.#previous, ...hashes].join('\n'));
    if (given === undefined || !sameSignature(expected, given)) throw new S3Error('SignatureDoesNotMatch');
    this.#previous = given;
  }
}
