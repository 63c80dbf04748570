import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { type VerifyInput, verifySignature, verifyWebhook, WebhookVerificationError } from './index.ts';

interface Vector {
  name: string;
  secret?: string;
  id: string;
  timestamp: number;
  payload: string;
  signature: string;
}
const file = new URL('../../../../test/vectors/standard-webhooks.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] };
const v1 = vectors.filter(({ signature }) => signature.startsWith('v1,'));
const first = v1[0] as Vector;
const SECRET = first.secret as string;

function inputOf(vector: Vector, overrides: Partial<Record<string, string>> = {}): VerifyInput {
  return {
    body: vector.payload,
    headers: {
      'webhook-id': vector.id,
      'webhook-timestamp': String(vector.timestamp),
      'webhook-signature': vector.signature,
      ...overrides,
    },
    secret: vector.secret ?? SECRET,
    now: vector.timestamp * 1000,
  };
}

function reasonOf(input: VerifyInput): string {
  try {
    verifySignature(input);
    return 'accepted';
  } catch (error) {
    return error instanceof WebhookVerificationError ? error.reason : String(error);
  }
}

describe('the vectors', () => {
  it.each(v1)('$name is accepted', (vector) => {
    expect(verifySignature(inputOf(vector))).toBe(vector.id);
  });

  it('an ed25519 signature alone is no v1 signature', () => {
    const signature = vectors.find(({ name }) => name === 'svix-ed25519')?.signature as string;
    expect(reasonOf(inputOf(first, { 'webhook-signature': signature }))).toBe('signature_mismatch');
  });

  it('the valid signature third of four is accepted', () => {
    const foreign = 'v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=';
    const list = [foreign, 'v2,abc', first.signature, foreign].join(' ');
    expect(reasonOf(inputOf(first, { 'webhook-signature': list }))).toBe('accepted');
  });
});

describe('what must be rejected', () => {
  const headers: [string, Record<string, string | undefined>, string][] = [
    ['id missing', { 'webhook-id': undefined }, 'header_missing'],
    ['timestamp missing', { 'webhook-timestamp': undefined }, 'header_missing'],
    ['signature missing', { 'webhook-signature': undefined }, 'header_missing'],
    ['timestamp: hello', { 'webhook-timestamp': 'hello' }, 'timestamp_invalid'],
    ['timestamp 1e9', { 'webhook-timestamp': '1e9' }, 'timestamp_invalid'],
    ['v1,', { 'webhook-signature': 'v1,' }, 'signature_mismatch'],
    ['cut to 8', { 'webhook-signature': first.signature.slice(0, 8) }, 'signature_mismatch'],
    ['v1 without comma', { 'webhook-signature': 'v1' }, 'signature_mismatch'],
    ['unknown version', { 'webhook-signature': first.signature.replace('v1', 'v2') }, 'signature_mismatch'],
    ['only foreign', { 'webhook-signature': 'v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=' }, 'signature_mismatch'],
    ['another id', { 'webhook-id': 'msg_other' }, 'signature_mismatch'],
  ];
  it.each(headers)('%s', (_name, overrides, reason) => {
    expect(reasonOf(inputOf(first, overrides as Record<string, string>))).toBe(reason);
  });

  it.each(['', 'whsec_', 'whsec_%%%%'])('secret %j', (secret) => {
    expect(reasonOf({ ...inputOf(first), secret })).toBe('secret_invalid');
  });

  it('no secret at all', () => {
    expect(reasonOf({ ...inputOf(first), secret: [] })).toBe('secret_invalid');
  });

  it('one header given twice', () => {
    const input = inputOf(first);
    const twice = { ...(input.headers as Record<string, string>), 'Webhook-Id': 'msg_other' };
    expect(reasonOf({ ...input, headers: twice })).toBe('header_missing');
  });

  it('300 s is the last second of tolerance, either way', () => {
    const at = (offsetS: number) => reasonOf({ ...inputOf(first), now: (first.timestamp + offsetS) * 1000 });
    expect([at(300), at(301), at(-300), at(-301)]).toEqual([
      'accepted',
      'timestamp_too_old',
      'accepted',
      'timestamp_too_new',
    ]);
  });

  it('any changed byte of the body', () => {
    const body = Buffer.from(first.payload);
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = Buffer.from(body);
        changed[at] = (changed[at] as number) ^ mask;
        return reasonOf({ ...inputOf(first), body: changed }) === 'signature_mismatch';
      }),
    );
  });
});

describe('verifyWebhook', () => {
  const body = JSON.stringify({ type: 'job.succeeded', timestamp: '2024-05-01T00:00:00.000Z', data: { id: 'job_1' } });
  const signed = (text: string, nowMs = 1_700_000_000_000): VerifyInput => ({
    body: text,
    headers: new Headers({
      'Webhook-Id': 'msg_1',
      'Webhook-Timestamp': String(nowMs / 1000),
      'Webhook-Signature': new Webhook(SECRET).sign('msg_1', new Date(nowMs), text),
    }),
    secret: ['whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=', SECRET],
    now: nowMs,
  });

  it('returns the event under its signed id', () => {
    expect(verifyWebhook(signed(body))).toEqual({ ...JSON.parse(body), id: 'msg_1' });
  });

  it.each(['', 'null', '{}', '[]', '{"type":1,"timestamp":"","data":{}}'])('refuses the signed body %j', (text) => {
    expect(() => verifyWebhook(signed(text))).toThrow(expect.objectContaining({ reason: 'body_invalid' }));
  });

  const parsed: unknown = JSON.parse(body);
  it.each<[string, unknown]>([
    ['a parsed object', parsed],
    ['an ArrayBuffer', new TextEncoder().encode(body).buffer],
    ['a view of wider elements', new Uint16Array(4)],
    ['a list of bytes', [...Buffer.from(body)]],
    ['nothing', undefined],
    ['null', null],
    ['a number', 7],
  ])('asks for the raw bytes when it is given %s', (_what, value) => {
    const input = { ...signed(body), body: value as string };
    const asks = { name: 'WebhookVerificationError', reason: 'body_not_raw', message: /raw bytes/ };
    for (const verify of [verifyWebhook, verifySignature]) {
      let thrown: unknown;
      try {
        verify(input);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({ ...asks, message: expect.stringMatching(asks.message) });
    }
  });

  it.each<[string, object, string]>([
    ['no secret', { secret: undefined }, 'secret_invalid'],
    ['a list with no secret in it', { secret: [undefined] }, 'secret_invalid'],
    ['no headers', { headers: undefined }, 'header_missing'],
  ])('throws its own error when it is given %s', (_what, wrong, reason) => {
    expect(reasonOf({ ...signed(body), ...wrong } as VerifyInput)).toBe(reason);
  });

  it('takes any Uint8Array', () => {
    expect(verifyWebhook({ ...signed(body), body: new TextEncoder().encode(body) })).toMatchObject({ id: 'msg_1' });
  });

  it('says nothing of body or secret in its error', () => {
    try {
      verifyWebhook({ ...signed(body), body: `${body} ` });
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toMatch(/job_1|whsec_/);
    }
  });

  it('agrees with the reference library on what it signed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.uint8Array({ minLength: 24, maxLength: 64 }), (text, key) => {
        const secret = `whsec_${Buffer.from(key).toString('base64')}`;
        const signature = new Webhook(secret).sign('msg_x', new Date(1_700_000_000_000), text);
        const headers = { 'webhook-id': 'msg_x', 'webhook-timestamp': '1700000000', 'webhook-signature': signature };
        return verifySignature({ body: text, headers, secret, now: 1_700_000_000_000 }) === 'msg_x';
      }),
      { numRuns: 50 },
    );
  });
});
