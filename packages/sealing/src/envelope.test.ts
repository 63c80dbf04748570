import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENVELOPE_OVERHEAD_BYTES, open, seal } from './envelope.ts';

const context = { tenant: 'bank', subject: 'job_1', kind: 'request' };

describe('envelope', () => {
  it('opens what it sealed, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (plaintext) => {
        const key = randomBytes(32);
        const envelope = seal(key, context, plaintext);
        expect(envelope.length).toBe(plaintext.length + ENVELOPE_OVERHEAD_BYTES);
        expect(open(key, context, envelope).equals(plaintext)).toBe(true);
      }),
    );
  });

  it('does not open with any single bit changed', () => {
    const key = randomBytes(32);
    const envelope = seal(key, context, Buffer.from('the card of a person'));
    for (let bit = 0; bit < envelope.length * 8; bit++) {
      const changed = Buffer.from(envelope);
      changed[bit >> 3] = changed[bit >> 3]! ^ (1 << (bit & 7));
      expect(() => open(key, context, changed)).toThrow(/seal_/);
    }
  });

  it('does not open when truncated anywhere', () => {
    const key = randomBytes(32);
    const envelope = seal(key, context, randomBytes(40));
    for (let length = 0; length < envelope.length; length++) {
      expect(() => open(key, context, envelope.subarray(0, length))).toThrow(/seal_/);
    }
  });

  it('is bound to tenant, subject and kind, whose borders cannot be moved', () => {
    const key = randomBytes(32);
    const envelope = seal(key, context, Buffer.from('x'));
    for (const other of [
      { ...context, tenant: 'other' },
      { ...context, subject: 'job_2' },
      { ...context, kind: 'outcome.1' },
      { tenant: 'bankj', subject: 'ob_1', kind: 'request' },
    ]) {
      expect(() => open(key, other, envelope)).toThrow('seal_broken');
    }
  });

  it('never makes the same bytes twice', () => {
    const key = randomBytes(32);
    const seen = new Set(Array.from({ length: 1000 }, () => seal(key, context, Buffer.alloc(0)).toString('hex')));
    expect(seen.size).toBe(1000);
  });
});
