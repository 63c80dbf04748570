import { CardsealError } from '@cardseal/base/errors';
import { refusalMessage, type UpstreamClass } from '@cardseal/core/provider';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEnvelope } from './envelope.ts';
import { PROVIDER_ERRORS } from './error-table.ts';
import { classifyProviderCode } from './index.ts';

/** Written by hand from the provider's published codes: what the table is held against. */
const EXPECTED: [codes: number[], upstreamClass: UpstreamClass, disposition: string][] = [
  [[1, 2, 282000, 216300, 216400, 216401, 216630, 216634, 336000], 'transient', 'transient'],
  [[4], 'overload', 'transient'],
  [[18], 'qps', 'throttled'],
  [[17], 'daily_quota', 'throttled'],
  [[19, 216604], 'total_quota', 'throttled'],
  [[100, 110, 111, 13], 'token', 'transient'],
  [[3, 6, 14, 15, 216015, 216102, 216110], 'configuration', 'throttled'],
  [[216100, 216101, 216103, 216111, 282003, 336001, 283300], 'defect', 'defect'],
  [[216200, 216202, 216203, 216205, 216633, 282100, 282101, 282102, 282103, 282810], 'rejected', 'rejected'],
  [[216201], 'maybe_crypto', 'rejected'],
  [[5, 7, 99, 216299, 999999, 0.5, -1], 'unknown', 'transient'],
];
const ROWS = EXPECTED.flatMap(([codes, ...rest]) => codes.map((code) => [code, ...rest] as const));

const answer = (body: string | Buffer, status = 200, contentType = 'application/json') =>
  readEnvelope({ status, contentType, bytes: Buffer.from(body as string), latencyMs: 7 });
const asJson = (value: unknown) => {
  try {
    return JSON.stringify(value);
  } catch {
    return '';
  }
};
const thrown = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return error as { code: string; message: string; fields: Record<string, unknown>; disposition: string };
  }
  throw new Error('nothing was thrown');
};

describe('the error table', () => {
  it.each(ROWS)('%d is %s, %s', (code, upstreamClass, disposition) => {
    const error = classifyProviderCode(code, { logId: '18446744073709551615' });
    expect(error.disposition).toBe(disposition);
    expect(error.fields).toMatchObject({ upstreamClass, providerCode: code, logId: '18446744073709551615' });
    expect(error.fields.billed).toBe(upstreamClass === 'unknown' ? 'unknown' : 'no');
    expect(error.code).toMatch(/^[a-z][a-z0-9_]+$/);
  });

  it('has no unexpected row', () => {
    const expected = ROWS.filter(([, upstreamClass]) => upstreamClass !== 'unknown').map(([code]) => String(code));
    expect(Object.keys(PROVIDER_ERRORS).sort()).toEqual(expected.sort());
  });

  it('has a sentence for the end user for every refused image, and for nothing else', () => {
    for (const [code, row] of Object.entries(PROVIDER_ERRORS)) {
      const forPeople = row.upstreamClass === 'rejected' || row.upstreamClass === 'maybe_crypto';
      expect([code, refusalMessage(row.code) !== undefined]).toEqual([code, forPeople]);
    }
    expect(refusalMessage('no_such_code')).toBeUndefined();
  });

  it('never returns a member of the prototype for a code', () => {
    expect(classifyProviderCode('constructor' as unknown as number).code).toBe('upstream_unknown_code');
  });
});

describe('the envelope', () => {
  it('keeps log_id exact, as a number above 2^53 and as text', () => {
    expect(answer('{"log_id":18446744073709551615,"result":"AA=="}')).toEqual({
      kind: 'encrypted',
      fields: { log_id: '18446744073709551615', result: 'AA==' },
      logId: '18446744073709551615',
    });
    expect(answer('{"log_id":"1803","result":"AA=="}').logId).toBe('1803');
    expect(answer('{"result":"AA=="}')).not.toHaveProperty('logId');
  });

  it.each(ROWS)('reads error_code %d from an HTTP 200, as number and as text', (code, upstreamClass, disposition) => {
    for (const spelt of Number.isInteger(code) && code >= 0 ? [code, String(code)] : [code]) {
      const error = thrown(() =>
        answer(JSON.stringify({ log_id: '1803', error_code: spelt, error_msg: 'quotes 张三' })),
      );
      expect(error).toMatchObject({
        disposition,
        fields: { upstreamClass, logId: '1803', latencyMs: 7, httpStatus: 200 },
      });
      expect(JSON.stringify(error) + error.message).not.toContain('张三');
    }
  });

  it.each<[string, string, number, string, string, string]>([
    ['an empty body', '', 200, 'upstream_reply_empty', 'transient', 'unknown'],
    ['a page', '<html><body>502</body></html>', 200, 'upstream_reply_not_json', 'transient', 'unknown'],
    ['a page with a 502', '<html>', 502, 'upstream_http_5xx', 'transient', 'unknown'],
    ['an empty 504', '', 504, 'upstream_http_5xx', 'transient', 'unknown'],
    ['a cut body', '{"log_id":1803,"result":"AAAA', 200, 'upstream_reply_not_json', 'transient', 'unknown'],
    ['an array', '[1]', 200, 'upstream_reply_not_json', 'transient', 'unknown'],
    ['null', 'null', 200, 'upstream_reply_not_json', 'transient', 'unknown'],
    ['429', '{}', 429, 'upstream_http_429', 'transient', 'no'],
    ['413', '<html>', 413, 'image_too_large', 'rejected', 'no'],
    ['404', '{}', 404, 'upstream_http_status', 'transient', 'unknown'],
    ['a redirect', '', 302, 'upstream_http_status', 'transient', 'unknown'],
  ])('%s', (_, body, status, code, disposition, billed) => {
    const error = thrown(() => answer(body, status, status === 200 ? 'application/json' : 'text/html'));
    expect(error).toMatchObject({ code, disposition, fields: { billed, httpStatus: status, latencyMs: 7 } });
  });

  it('believes a code in the body before the status above it', () => {
    expect(thrown(() => answer('{"error_code":18}', 503)).code).toBe('upstream_qps_limit');
  });

  it('does not throw a paid reply away for its content type, nor for error_code 0', () => {
    expect(answer('{"result":"AA=="}', 200, 'text/html').kind).toBe('encrypted');
    expect(answer('{"error_code":0,"result":"AA=="}').kind).toBe('encrypted');
  });

  it.each(['true', '"abc"', '[]', '{}', '1e400', '-5'])('an odd error_code is an unknown one (%s)', (code) => {
    expect(thrown(() => answer(`{"error_code":${code}}`)).code).toBe('upstream_unknown_code');
  });

  it('throws nothing but classified errors, whatever the bytes', () => {
    const bodies = fc.oneof(
      fc.string(),
      fc.json(),
      fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
    );
    const coded = fc.record({ error_code: fc.anything(), log_id: fc.anything(), result: fc.anything() }).map(asJson);
    fc.assert(
      fc.property(fc.oneof(bodies, coded), fc.integer({ min: 100, max: 599 }), (body, status) => {
        try {
          expect(answer(body, status).kind).toBe('encrypted');
        } catch (error) {
          expect(error).toBeInstanceOf(CardsealError);
          expect((error as CardsealError).fields.upstreamClass).toBeDefined();
        }
      }),
      { numRuns: 500 },
    );
  });

  it('drops a log_id that is none', () => {
    expect(answer('{"log_id":"张三","result":"AA=="}')).not.toHaveProperty('logId');
    expect(answer('{"log_id":1.5,"result":"AA=="}')).not.toHaveProperty('logId');
  });
});
