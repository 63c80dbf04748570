import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { eventIdFor } from './event-id.ts';
import { newSecret, sign } from './sign.ts';

interface Vector {
  name: string;
  secret: string;
  id: string;
  timestamp: number;
  payload: string;
  signature: string;
}
const file = new URL('../../../test/vectors/standard-webhooks.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] };
const symmetric = vectors.filter(({ secret }) => secret?.startsWith('whsec_'));

describe('sign', () => {
  it.each(symmetric)('makes the signature of vector $name', ({ secret, id, timestamp, payload, signature }) => {
    const headers = sign({ id, timestampS: timestamp, body: Buffer.from(payload), secrets: [secret] });
    expect(headers).toEqual({
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signature,
    });
  });

  it('is what the reference library signs, byte for byte, and what it accepts under each live secret', () => {
    const timestampS = Math.floor(Date.now() / 1000);
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 1, max: 3 }), (text, count) => {
        const secrets = Array.from({ length: count }, newSecret);
        const headers = sign({ id: 'msg_1', timestampS, body: Buffer.from(text), secrets });
        const theirs = secrets.map((secret) => new Webhook(secret).sign('msg_1', new Date(timestampS * 1000), text));
        expect(headers['webhook-signature']).toBe(theirs.join(' '));
        for (const secret of secrets) {
          expect(new Webhook(secret).verify(text, { ...headers })).toEqual(JSON.parse(text));
        }
      }),
      { numRuns: 50 },
    );
  });

  const good = { id: 'msg_1', timestampS: 1, body: Buffer.from('{}'), secrets: [newSecret()] };
  it.each([
    ['an id with a dot', { id: 'msg.1' }],
    ['no secret', { secrets: [] }],
    ['four secrets', { secrets: [1, 2, 3, 4].map(newSecret) }],
    ['an empty secret', { secrets: ['whsec_'] }],
    ['a damaged secret', { secrets: [`${newSecret()}*`] }],
    ['a secret without prefix', { secrets: [newSecret().slice(6)] }],
    ['milliseconds with a fraction', { timestampS: 1.5 }],
  ])('refuses %s as a defect', (_name, change) => {
    expect(() => sign({ ...good, ...change })).toThrow(expect.objectContaining({ code: 'webhook_sign_input' }));
  });

  it('keeps signing rightly beyond the bound of its key cache', () => {
    const old = newSecret();
    const before = sign({ ...good, secrets: [old] });
    for (let n = 0; n < 4200; n++) sign({ ...good, secrets: [newSecret()] });
    expect(sign({ ...good, secrets: [old] })).toEqual(before);
  });
});

describe('newSecret', () => {
  it('has 32 fresh bytes', () => {
    const secret = newSecret();
    expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32);
    expect(secret).toMatch(/^whsec_/);
    expect(newSecret()).not.toBe(secret);
  });
});

describe('eventIdFor', () => {
  const event = { tenant: 'ten_a', subject: 'job_a', generation: 1, type: 'job.succeeded' };

  it('is a constant of the event, without dots', () => {
    expect(eventIdFor(event)).toBe('msg_6ca2dfb9216c56ecefec22a8d8b1b74e');
    expect(eventIdFor(event)).toMatch(/^msg_[0-9a-f]{32}$/);
  });

  it('differs with every part, and between parts that only join to the same text', () => {
    const others = [
      { ...event, tenant: 'ten_b' },
      { ...event, subject: 'job_b' },
      { ...event, generation: 2 },
      { ...event, type: 'job.erased' },
      { ...event, tenant: 'ten_aj', subject: 'ob_a' },
    ];
    expect(new Set([event, ...others].map(eventIdFor)).size).toBe(6);
  });
});
