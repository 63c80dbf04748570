// Checks the worked examples of the S3 API reference, so the expected values are independent of this code.
import { describe, expect, it } from 'vitest';
import { sha256Hex, verifySignature } from './signature.ts';
import type { Target } from './target.ts';

const credentials = [
  { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
];
const publishedAtMs = Date.UTC(2013, 4, 24);
const verifier = { credentials, region: 'us-east-1', nowMs: publishedAtMs };
const scope = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request';
const target = (path: string, query: Target['query'] = []): Target => ({ path, bucket: '', key: '', query });

function get(signature: string, overrides: Partial<typeof verifier> = {}) {
  const signedHeaders = 'host;range;x-amz-content-sha256;x-amz-date';
  const headers = {
    host: ['examplebucket.s3.amazonaws.com'],
    range: ['bytes=0-9'],
    'x-amz-content-sha256': [sha256Hex('')],
    'x-amz-date': ['20130524T000000Z'],
    authorization: [`AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=${signedHeaders},Signature=${signature}`],
  };
  return () => verifySignature({ method: 'GET', target: target('/test.txt'), headers }, { ...verifier, ...overrides });
}
const published = 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41';

describe('signatures in headers', () => {
  it('accepts the published GET with a range', () => {
    expect(get(published)().accessKeyId).toBe('AKIAIOSFODNN7EXAMPLE');
  });

  it('refuses a wrong signature, region, time or key', () => {
    const skewed = publishedAtMs + 15 * 60_000 + 1_000;
    expect(get(published.replace('f', '0'))).toThrow(expect.objectContaining({ code: 'SignatureDoesNotMatch' }));
    expect(get(published, { region: 'eu-west-1' })).toThrow(
      expect.objectContaining({ code: 'AuthorizationHeaderMalformed' }),
    );
    expect(get(published, { nowMs: skewed })).toThrow(expect.objectContaining({ code: 'RequestTimeTooSkewed' }));
    expect(get(published, { nowMs: publishedAtMs - 16 * 60_000 })).toThrow(
      expect.objectContaining({ code: 'RequestTimeTooSkewed' }),
    );
    expect(get(published, { credentials: [] })).toThrow(expect.objectContaining({ code: 'InvalidAccessKeyId' }));
  });

  it('accepts the published listing with two query parameters', () => {
    const signature = '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7';
    const headers = {
      host: ['examplebucket.s3.amazonaws.com'],
      'x-amz-content-sha256': [sha256Hex('')],
      'x-amz-date': ['20130524T000000Z'],
      authorization: [
        `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=${signature}`,
      ],
    };
    const query: Target['query'] = [
      ['prefix', 'J'],
      ['max-keys', '2'],
    ];
    expect(() => verifySignature({ method: 'GET', target: target('/', query), headers }, verifier)).not.toThrow();
  });
});

describe('presigned URLs', () => {
  const presigned = (nowMs: number) => () => {
    const query: Target['query'] = [
      ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
      ['X-Amz-Credential', scope],
      ['X-Amz-Date', '20130524T000000Z'],
      ['X-Amz-Expires', '86400'],
      ['X-Amz-SignedHeaders', 'host'],
      ['X-Amz-Signature', 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404'],
    ];
    const headers = { host: ['examplebucket.s3.amazonaws.com'] };
    return verifySignature({ method: 'GET', target: target('/test.txt', query), headers }, { ...verifier, nowMs });
  };

  it('accepts the published URL for exactly one day', () => {
    expect(presigned(publishedAtMs + 86_400_000)().contentSha256).toBe('UNSIGNED-PAYLOAD');
    expect(presigned(publishedAtMs + 86_401_000)).toThrow(expect.objectContaining({ code: 'AccessDenied' }));
  });
});
