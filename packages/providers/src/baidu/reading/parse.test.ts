import { TransientError } from '@cardseal/base/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWellFormedReply, MAX_REPLY_BYTES, readReply } from './index.ts';

const CONTEXT = { declaredSide: 'front', provider: 'baidu-idcard-enc' } as const;

function refusal(plaintext: Uint8Array | string): TransientError {
  try {
    readReply(plaintext, CONTEXT);
  } catch (error) {
    expect(error).toBeInstanceOf(TransientError);
    return error as TransientError;
  }
  throw new Error('was read');
}

const nested = (depth: number) => `{"words_result":${'['.repeat(depth)}${']'.repeat(depth)}}`;

describe('what is no reply', () => {
  it.each<[string, Uint8Array | string, string]>([
    ['nothing', '', 'not_json'],
    ['noise', Buffer.from([0xff, 0x00, 0x9c, 0x31]), 'not_utf8'],
    ['text', '姓名 样本一', 'not_json'],
    ['half a reply', '{"words_result":{"姓名":{"words":"样本', 'not_json'],
    ['an escaped end', '{"words_result":"\\"}', 'not_json'],
    ['an array', '[{"words_result":{}}]', 'not_a_reply'],
    ['null', 'null', 'not_a_reply'],
    ['an error', '{"error_code":216201,"error_msg":"image format error"}', 'not_a_reply'],
    ['a proto', '{"__proto__":{"words_result":{}}}', 'not_a_reply'],
    ['two replies', '{"words_result":{}}{"words_result":{}}', 'not_json'],
    ['depth', nested(16), 'too_deep'],
    ['great depth', nested(2_000_000), 'too_deep'],
    ['many values', `{"words_result":[${'0,'.repeat(20_000)}0]}`, 'too_many_values'],
    ['size', `{"words_result":"${'x'.repeat(MAX_REPLY_BYTES)}"}`, 'too_large'],
    ['size in bytes', `{"words_result":"${'样'.repeat(MAX_REPLY_BYTES / 2)}"}`, 'too_large'],
  ])('%s', (_, plaintext, reason) => {
    const error = refusal(plaintext);
    expect(error.code).toBe('upstream_reply_unreadable');
    expect(error.fields).toEqual({ upstreamClass: 'crypto', billed: 'yes', reason });
    expect(isWellFormedReply(plaintext)).toBe(false);
  });

  it('leaves nothing of itself in the error', () => {
    const error = refusal('{"words_result":{"姓名":"样本一",}}');
    expect(error.cause).toBeUndefined();
    expect(`${error.stack}${JSON.stringify(error.fields)}`).not.toMatch(/样本|姓名/);
  });
});

describe('what is a reply', () => {
  it.each([
    ['brackets and commas inside strings', `{"words_result":{"住址":{"words":"${'[{,'.repeat(50)}\\\\"}}}`],
    ['a byte order mark', '\uFEFF{"words_result":{}}'],
    ['depth within the bound', nested(15)],
    ['blanks around', ' \n{"image_status":"normal"}\t'],
  ])('%s', (_, plaintext) => {
    expect(isWellFormedReply(plaintext)).toBe(true);
    expect(isWellFormedReply(Buffer.from(plaintext))).toBe(true);
  });

  it('read from a view into a larger buffer is read in its bounds', () => {
    const bytes = Buffer.from('noise{"image_status":"normal"}noise');
    expect(readReply(bytes.subarray(5, 30), CONTEXT).image_status).toBe('normal');
  });

  it('is whatever JSON holds the keys: the limit is no second parser', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (json) => {
        expect(isWellFormedReply(`{"words_result":${json}}`)).toBe(true);
      }),
    );
  });
});

describe('any bytes', () => {
  it('are read or refused, and the check before the checkpoint agrees', () => {
    const base = '{"log_id":9007199254740993,"image_status":"normal","words_result":{"姓名":{"words":"样本一"}}}';
    const damaged = fc
      .array(fc.tuple(fc.nat(Buffer.byteLength(base) - 1), fc.nat(255)), { maxLength: 6 })
      .map((hits) => {
        const bytes = Buffer.from(base);
        for (const [at, value] of hits) bytes[at] = value;
        return bytes as Uint8Array;
      });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 }), fc.string()), (plaintext) => {
        let read = true;
        try {
          readReply(plaintext, CONTEXT);
        } catch (error) {
          expect(error).toBeInstanceOf(TransientError);
          read = false;
        }
        expect(isWellFormedReply(plaintext)).toBe(read);
      }),
      { numRuns: 500 },
    );
  });
});
