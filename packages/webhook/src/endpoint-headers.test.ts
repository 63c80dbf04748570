import { describe, expect, it } from 'vitest';
import { readEndpointHeaders } from './endpoint-headers.ts';

describe('readEndpointHeaders', () => {
  it("takes the customer's own", () => {
    expect(readEndpointHeaders({ Authorization: 'Bearer a b', 'X-Team': 'kyc' })).toEqual({
      authorization: 'Bearer a b',
      'x-team': 'kyc',
    });
  });

  it.each([
    [{ Host: '127.0.0.1' }, 'reserved'],
    [{ 'Webhook-Signature': 'v1,x' }, 'reserved'],
    [{ 'Content-Length': '0' }, 'reserved'],
    [{ 'transfer-encoding': 'chunked' }, 'reserved'],
    [{ ':path': '/' }, 'reserved'],
    [{ 'a b': 'c' }, 'name'],
    [{ '': 'c' }, 'name'],
    [{ a: 'b\r\nhost: c' }, 'value'],
    [{ a: '' }, 'value'],
    [{ a: ' b' }, 'value'],
    [{ a: '测试' }, 'value'],
    [{ a: 'b'.repeat(1025) }, 'value'],
    [{ a: 'b', A: 'c' }, 'twice'],
    [Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`x-${n}`, 'a'])), 'too_many'],
  ])('refuses %j: %s', (headers, problem) => {
    expect(() => readEndpointHeaders(headers as Record<string, string>)).toThrow(
      expect.objectContaining({ code: 'webhook_headers_invalid', fields: { problem } }),
    );
  });
});
