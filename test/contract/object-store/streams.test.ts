// Forms of request bodies: plain, chunked, with checksums before and after. The store keeps exactly what was sent or
// refuses it.
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  type ChecksumAlgorithm,
  GetObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { describe, expect } from 'vitest';
import { checksumHeader, putSignedChunks } from './chunked-body.ts';
import { callSigned, sha256 } from './hand-signed.ts';
import { refusalOf } from './refusal.ts';
import { check, storeUnderTest } from './store-under-test.ts';

const store = storeUnderTest();
const put = (Key: string, Body: PutObjectCommandInput['Body'], more: Partial<PutObjectCommandInput> = {}) =>
  store.client.send(new PutObjectCommand({ Bucket: store.bucket, Key, Body, ...more }));
const read = (Key: string) =>
  store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key, ChecksumMode: 'ENABLED' }));
const bytesOf = async (key: string) =>
  Buffer.from((await (await read(key)).Body?.transformToByteArray()) as Uint8Array);

/** The body as a stream of uneven pieces with CRLFs at their boundaries, to mislead a careless parser. */
function streamed(body: Buffer): Readable {
  const pieces: Buffer[] = [];
  for (let at = 0, n = 1; at < body.length; at += n, n = (n * 7 + 1) % 60_000) pieces.push(body.subarray(at, at + n));
  return Readable.from(pieces, { objectMode: false });
}
const tricky = Buffer.concat([
  Buffer.from('0\r\n\r\n'),
  randomBytes(700_000),
  Buffer.from('\r\n0;chunk-signature=\r\n\r\n'),
]);

describe('streams from the SDK', () => {
  check('a Readable of known length arrives byte by byte', async () => {
    await put('known', streamed(tricky), { ContentLength: tricky.length });
    expect((await bytesOf('known')).equals(tricky)).toBe(true);
  });

  check('a Readable of unknown length is refused by the SDK before anything is sent', async () => {
    // Callers pass Buffers or state the length, because the SDK signs no body of unknown size with a checksum.
    await expect(put('unknown', streamed(tricky))).rejects.toThrow(TypeError);
    expect(await refusalOf(read('unknown'))).toMatchObject({ status: 404 });
  });

  check('a Readable of unknown length, sent without a checksum, is 411 and nothing is stored', async () => {
    const plain = store.otherClient({ requestChecksumCalculation: 'WHEN_REQUIRED' });
    const command = new PutObjectCommand({ Bucket: store.bucket, Key: 'unknown-plain', Body: streamed(tricky) });
    expect(await refusalOf(plain.send(command))).toEqual({ code: 'MissingContentLength', status: 411 });
    expect(await refusalOf(read('unknown-plain'))).toMatchObject({ status: 404 });
  });

  check('a Readable of known length without a checksum arrives byte by byte', async () => {
    const plain = store.otherClient({ requestChecksumCalculation: 'WHEN_REQUIRED' });
    const command = new PutObjectCommand({
      Bucket: store.bucket,
      Key: 'plain',
      Body: streamed(tricky),
      ContentLength: tricky.length,
    });
    await plain.send(command);
    expect((await bytesOf('plain')).equals(tricky)).toBe(true);
  });

  check('aws-chunked is not kept as the content encoding', async () => {
    await put('encoding', streamed(tricky), { ContentLength: tricky.length, ContentEncoding: 'gzip' });
    const answer = await store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key: 'encoding' }));
    answer.Body?.transformToByteArray();
    expect(answer.ContentEncoding).toBe('gzip');
  });
});

describe('signed chunks', () => {
  const body = randomBytes(200_000);
  check('a body in signed chunks arrives byte by byte', async () => {
    expect((await putSignedChunks(store, 'signed', body, { withTrailer: false })).status).toBe(200);
    expect((await bytesOf('signed')).equals(body)).toBe(true);
  });

  check('with a signed trailer, too', async () => {
    expect((await putSignedChunks(store, 'signed-trailer', body, { withTrailer: true })).status).toBe(200);
    expect((await bytesOf('signed-trailer')).equals(body)).toBe(true);
  });

  check('an empty body in signed chunks', async () => {
    expect((await putSignedChunks(store, 'signed-empty', Buffer.alloc(0), { withTrailer: false })).status).toBe(200);
    expect((await bytesOf('signed-empty')).length).toBe(0);
  });

  check('a changed chunk is refused and nothing is stored', async () => {
    const answer = await putSignedChunks(store, 'tampered', body, { withTrailer: false, tamper: 'chunk' });
    expect(answer.status).toBe(403);
    expect(await refusalOf(read('tampered'))).toMatchObject({ status: 404 });
  });

  check('the rest of a refused body does not affect the next request', async () => {
    // The client chooses the connection of each request, so repeat often enough for a reuse to happen.
    for (let n = 0; n < 40; n++) {
      const refused = await putSignedChunks(store, 'refused', body, { withTrailer: false, tamper: 'chunk' });
      expect(refused.status).toBe(403);
      expect((await putSignedChunks(store, 'after', body, { withTrailer: false })).status).toBe(200);
    }
  });

  check('a changed trailer is refused and nothing is stored', async () => {
    const answer = await putSignedChunks(store, 'tampered-trailer', body, { withTrailer: true, tamper: 'trailer' });
    expect([400, 403]).toContain(answer.status);
    expect(await refusalOf(read('tampered-trailer'))).toMatchObject({ status: 404 });
  });
});

describe('unsigned chunks with a trailer', () => {
  const body = Buffer.from('a card that is none');
  const putTrailer = (key: string, checksum: string) => {
    const encoded = Buffer.from(
      `${body.length.toString(16)}\r\n${body}\r\n0\r\nx-amz-checksum-crc32:${checksum}\r\n\r\n`,
    );
    const headers = {
      'content-encoding': 'aws-chunked',
      'content-length': String(encoded.length),
      'x-amz-decoded-content-length': String(body.length),
      'x-amz-trailer': 'x-amz-checksum-crc32',
    };
    return callSigned(store, {
      method: 'PUT',
      key,
      headers,
      body: encoded,
      payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    });
  };

  check('the right checksum in the trailer is accepted', async () => {
    expect((await putTrailer('trailer', checksumHeader(body))).status).toBe(200);
    expect((await bytesOf('trailer')).equals(body)).toBe(true);
  });

  check('a wrong checksum in the trailer is 400 BadDigest and nothing is stored', async () => {
    const answer = await putTrailer('trailer-wrong', checksumHeader(Buffer.from('other')));
    expect([answer.status, answer.code]).toEqual([400, 'BadDigest']);
    expect(await refusalOf(read('trailer-wrong'))).toMatchObject({ status: 404 });
  });
});

describe('checksums', () => {
  const body = randomBytes(1000);
  const digests: Record<
    string,
    { ChecksumCRC32?: string; ChecksumSHA256?: string; ChecksumSHA1?: string; ContentMD5?: string }
  > = {
    CRC32: { ChecksumCRC32: checksumHeader(Buffer.from('other')) },
    SHA1: { ChecksumSHA1: createHash('sha1').update('other').digest('base64') },
    SHA256: { ChecksumSHA256: createHash('sha256').update('other').digest('base64') },
    MD5: { ContentMD5: createHash('md5').update('other').digest('base64') },
  };
  for (const [name, wrong] of Object.entries(digests)) {
    check(`a wrong ${name} is 400 BadDigest and nothing is stored`, async () => {
      expect(await refusalOf(put(`wrong/${name}`, body, wrong))).toEqual({ code: 'BadDigest', status: 400 });
      expect(await refusalOf(read(`wrong/${name}`))).toMatchObject({ status: 404 });
    });
  }

  for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'SHA1', 'SHA256'] satisfies ChecksumAlgorithm[]) {
    check(`${ChecksumAlgorithm} is kept and given back`, async () => {
      const written = await put(`kept/${ChecksumAlgorithm}`, body, { ChecksumAlgorithm });
      const value = written[`Checksum${ChecksumAlgorithm}`];
      expect(value).toMatch(/^[A-Za-z0-9+/]+=*$/);
      const answer = await read(`kept/${ChecksumAlgorithm}`);
      // The SDK verifies the checksum independently while it reads the body.
      expect(Buffer.from((await answer.Body?.transformToByteArray()) as Uint8Array).equals(body)).toBe(true);
      expect(answer[`Checksum${ChecksumAlgorithm}`]).toBe(value);
    });
  }

  check('a body that does not match its signed hash is refused and not stored', async () => {
    const answer = await callSigned(store, { method: 'PUT', key: 'wrong/hash', body, payload: sha256('other') });
    expect([answer.status, answer.code]).toEqual([400, 'XAmzContentSHA256Mismatch']);
    expect(await refusalOf(read('wrong/hash'))).toMatchObject({ status: 404 });
  });
});
