import { DefectError, RejectedError, ThrottledError, TransientError } from '@cardseal/base/errors';
import { classifyHttpStatus, classifyProviderCode, classifyTransport } from '@cardseal/providers/baidu';
import { expect, it } from 'vitest';
import { judged, settlementOf, troubleOf } from './settlement.ts';

const scopeOf = (error: unknown) => troubleOf(error, 'image')?.scope;

it.each([
  ['timeout', classifyTransport('timeout')],
  ['refused connection', classifyTransport('unreachable', { errno: 'ECONNREFUSED' })],
  ['reset connection', classifyTransport('connection')],
  ['HTTP 503', classifyHttpStatus(503)],
  ['HTTP 429', classifyHttpStatus(429)],
  ['HTTP 404', classifyHttpStatus(404)],
  ['empty body', classifyTransport('empty')],
  ['HTML body', classifyTransport('not_json')],
  ['dead key wrapper', new TransientError('key_wrapper_died')],
  ['hanging key wrapper', new TransientError('key_wrapper_timeout')],
  ['token endpoint', new TransientError('upstream_token_unavailable', { fields: { upstreamClass: 'transient' } })],
])('a %s is a trouble that no image can cause', (_, error) => {
  expect(scopeOf(error)).toBe('provider');
});

it.each([1, 2, 4, 282000, 216300, 216400, 216401, 216630, 216634, 336000, 987654])(
  'code %d is a trouble that an image may cause',
  (code) => {
    expect(scopeOf(classifyProviderCode(code))).toBe('image');
  },
);

it('an undecryptable response is a trouble that an image may cause', () => {
  const error = new TransientError('upstream_reply_undecryptable', { fields: { upstreamClass: 'crypto' } });
  expect(scopeOf(error)).toBe('image');
});

it.each([17, 18, 19, 3, 6, 14, 110, 216100, 216200, 216201, 282102])('code %d is no trouble', (code) => {
  expect(scopeOf(classifyProviderCode(code))).toBeUndefined();
});

it.each([
  ['the store', new TransientError('store_unavailable')],
  ['a stopping key wrapper', new TransientError('key_wrapper_stopped')],
  ['an interrupted wait', new ThrottledError('interrupted', 0)],
  ['a bug', new TypeError('x is not a function')],
])('%s is no trouble of the provider', (_, error) => {
  expect(scopeOf(error)).toBeUndefined();
});

it('names the network error after the code', () => {
  const trouble = troubleOf(classifyTransport('unreachable', { errno: 'CERT_HAS_EXPIRED' }), 'image');
  expect(trouble?.cause).toBe('upstream_unreachable CERT_HAS_EXPIRED');
});

it.each([
  [new RejectedError('image_blank', { fields: { upstreamClass: 'rejected' } }), 'answered'],
  [new DefectError('upstream_request_invalid', { fields: { upstreamClass: 'defect' } }), 'answered'],
  [classifyProviderCode(216201), 'answered'],
  [classifyTransport('timeout'), 'failed'],
  [classifyProviderCode(18), 'refused_qps'],
] as const)('%s settles its permit', (error, kind) => {
  expect(settlementOf(error)).toBe(kind);
});

it('a failure of a known outage spends no attempt; any other one carries its run', () => {
  const error = classifyTransport('timeout');
  const verdict = { credentialId: 'main', probe: true };
  expect(judged(error, { ...verdict, held: true, run: 7 })).toMatchObject({
    disposition: 'throttled',
    code: 'provider_outage',
    fields: { probe: true },
  });
  expect(judged(error, { ...verdict, held: false, run: 7 })).toMatchObject({
    disposition: 'transient',
    code: 'upstream_timeout',
    fields: { credential: 'main', run: 7, wide: true },
  });
  const image = judged(classifyProviderCode(282000), { ...verdict, held: false, run: 7 });
  expect(image).toMatchObject({ fields: { run: 7, wide: false } });
  expect(judged(error, { ...verdict, held: false, run: 0 })).toBe(error);
});
