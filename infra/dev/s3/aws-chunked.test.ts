// The chunk signatures are from the worked examples in the S3 API reference: 65 KiB of the letter a, in two chunks.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAwsChunked } from './aws-chunked.ts';
import { deriveSigningKey, type SignatureChain } from './signature.ts';

const chain = (seed: string): SignatureChain => ({
  signingKey: deriveSigningKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', '20130524', 'us-east-1'),
  timestamp: '20130524T000000Z',
  scope: '20130524/us-east-1/s3/aws4_request',
  seed,
});
const plain = {
  seed: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
  chunks: [
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  ],
};
const trailing = {
  seed: '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
  chunks: [
    'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
    '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
    '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
  ],
  trailer: 'x-amz-checksum-crc32c:sOO8/Q==',
  signature: 'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
};

function encode(signatures: string[], trailers: string[] = [], letter = 'a'): Buffer {
  const sizes = [65_536, 1024, 0];
  const chunks = sizes.map((size, n) => {
    const head = `${size.toString(16)};chunk-signature=${signatures[n]}\r\n`;
    return head + letter.repeat(size) + (size > 0 ? '\r\n' : '');
  });
  return Buffer.from([...chunks, ...trailers.map((line) => `${line}\r\n`), '\r\n'].join(''));
}

async function decode(body: Buffer, form: { chain?: SignatureChain; announced?: string[] }, pieceBytes = 8192) {
  let trailers = new Map<string, string>();
  const onTrailers = (received: Map<string, string>) => {
    trailers = received;
  };
  const decoded = decodeAwsChunked(pieces(body, pieceBytes), {
    chain: form.chain,
    announced: form.announced ?? [],
    onTrailers,
  });
  return { body: Buffer.concat(await Array.fromAsync(decoded)), trailers };
}

async function* pieces(body: Buffer, pieceBytes: number) {
  for (let at = 0; at < body.length; at += pieceBytes) yield body.subarray(at, at + pieceBytes);
}

describe('signed chunks', () => {
  it('accepts the published example, whatever the sizes of the network reads', async () => {
    for (const pieceBytes of [7, 1000, 65_536, 1_000_000]) {
      const { body } = await decode(encode(plain.chunks), { chain: chain(plain.seed) }, pieceBytes);
      expect(body.equals(Buffer.alloc(66_560, 'a'))).toBe(true);
    }
  });

  it('accepts the published example with a trailer and reports the trailer', async () => {
    const trailers = [trailing.trailer, `x-amz-trailer-signature:${trailing.signature}`];
    const announced = ['x-amz-checksum-crc32c'];
    const decoded = await decode(encode(trailing.chunks, trailers), { chain: chain(trailing.seed), announced });
    expect([decoded.body.length, decoded.trailers.get('x-amz-checksum-crc32c')]).toEqual([66_560, 'sOO8/Q==']);
  });

  it('refuses a changed body, swapped signatures, a missing signature and a wrong seed', async () => {
    const mismatch = { code: 'SignatureDoesNotMatch' };
    const exchanged = [plain.chunks[1], plain.chunks[0], plain.chunks[2]] as string[];
    await expect(decode(encode(plain.chunks, [], 'b'), { chain: chain(plain.seed) })).rejects.toMatchObject(mismatch);
    await expect(decode(encode(exchanged), { chain: chain(plain.seed) })).rejects.toMatchObject(mismatch);
    await expect(decode(Buffer.from('0\r\n\r\n'), { chain: chain(plain.seed) })).rejects.toMatchObject(mismatch);
    await expect(decode(encode(plain.chunks), { chain: chain(trailing.seed) })).rejects.toMatchObject(mismatch);
  });

  it('refuses an unannounced trailer and a missing announced trailer', async () => {
    const malformed = { code: 'MalformedTrailerError' };
    const trailers = [trailing.trailer, `x-amz-trailer-signature:${trailing.signature}`];
    const announced = ['x-amz-checksum-crc32c'];
    await expect(decode(encode(trailing.chunks, trailers), { chain: chain(trailing.seed) })).rejects.toMatchObject(
      malformed,
    );
    await expect(decode(encode(trailing.chunks), { chain: chain(trailing.seed), announced })).rejects.toMatchObject(
      malformed,
    );
  });
});

describe('unsigned chunks', () => {
  it('decodes any body, whatever the sizes of chunks and network reads', async () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          bytes.filter((chunk) => chunk.length > 0),
          { maxLength: 5 },
        ),
        fc.integer({ min: 1, max: 50 }),
        async (chunks, pieceBytes) => {
          const encoded = chunks.flatMap((chunk) => [
            Buffer.from(`${chunk.length.toString(16)}\r\n`),
            chunk,
            Buffer.from('\r\n'),
          ]);
          const { body } = await decode(Buffer.concat([...encoded, Buffer.from('0\r\n\r\n')]), {}, pieceBytes);
          expect(body.equals(Buffer.concat(chunks))).toBe(true);
        },
      ),
    );
  });

  it('never accepts a body that ends early', async () => {
    const whole = Buffer.from('5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n');
    for (let length = 0; length < whole.length - 2; length++) {
      await expect(decode(whole.subarray(0, length), {})).rejects.toMatchObject({ status: 400 });
    }
    expect((await decode(whole, {})).body.toString()).toBe('hello world');
  });
});
