import { RejectedError } from '@cardseal/base/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONSEQUENCES, classifyResponse, type FailureClass, ReceiverFailure } from './classify-response.ts';
import { parseRetryAfter } from './retry-after.ts';
import { ATTEMPT_DELAYS_MS, endpointEffect, nextAttempt, SHORT_BUDGET } from './schedule.ts';

const DAY_MS = 86_400_000;
const classes = Object.keys(CONSEQUENCES) as FailureClass[];
const anyFailure = fc.record({
  class: fc.constantFrom(...classes),
  retryAfterMs: fc.option(fc.integer({ min: -DAY_MS, max: 9 * DAY_MS }), { nil: undefined }),
});
const anyInput = fc.record({
  triesMade: fc.integer({ min: 1, max: 20 }),
  failure: anyFailure,
  nowMs: fc.integer({ min: 0, max: 2e12 }),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

describe('nextTry', () => {
  it('follows the printed delays', () => {
    const delays = ATTEMPT_DELAYS_MS.slice(1).map((_, i) =>
      nextAttempt({ triesMade: i + 1, failure: { class: 'server_error' }, nowMs: 0, random: 0 }),
    );
    const seconds = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
    expect(delays).toEqual(seconds.map((s) => ({ kind: 'retry', atMs: s * 1000 })));
  });

  it.each([
    ['connection', 10, 'exhausted'],
    ['connection', 9, 'retry'],
    ['client_error', SHORT_BUDGET, 'exhausted'],
    ['client_error', SHORT_BUDGET - 1, 'retry'],
    ['target_refused', 1, 'exhausted'],
    ['gone', 1, 'parked'],
    ['gone', 10, 'parked'],
  ] as const)('after %s as try %i: %s', (failed, triesMade, kind) => {
    expect(nextAttempt({ triesMade, failure: { class: failed }, nowMs: 0, random: 0 }).kind).toBe(kind);
  });

  it('never comes before the delay or the hold, nor later than a fifth beyond the longer of both', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const next = nextAttempt(input);
        if (next.kind !== 'retry') return;
        const effect = endpointEffect(input.failure, input.nowMs);
        const holdMs = effect.kind === 'hold' ? effect.untilMs - input.nowMs : 0;
        const leastMs = Math.max(ATTEMPT_DELAYS_MS[input.triesMade] as number, holdMs);
        expect(next.atMs - input.nowMs).toBeGreaterThanOrEqual(leastMs);
        expect(next.atMs - input.nowMs).toBeLessThanOrEqual(leastMs * 1.2 + 1);
      }),
    );
  });

  it('ends: whatever fails, no delivery has more than ten tries', () => {
    fc.assert(
      fc.property(fc.array(anyFailure, { minLength: 10, maxLength: 10 }), (failures) => {
        const kinds = failures.map(
          (failure, i) => nextAttempt({ triesMade: i + 1, failure, nowMs: 0, random: 0.5 }).kind,
        );
        expect(kinds.at(-1)).not.toBe('retry');
      }),
    );
  });

  it('grows with every attempt of the same failure', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), (triesMade) => {
        const at = (tries: number, random: number) =>
          nextAttempt({ triesMade: tries, failure: { class: 'timeout' }, nowMs: 0, random }) as { atMs: number };
        expect(at(triesMade + 1, 0).atMs).toBeGreaterThanOrEqual(at(triesMade, 0.999).atMs);
      }),
    );
  });

  it('rejects attempt 0', () => {
    expect(() => nextAttempt({ triesMade: 0, failure: { class: 'timeout' }, nowMs: 0, random: 0 })).toThrow(
      'webhook_tries_made',
    );
  });
});

describe('endpointEffect', () => {
  it.each([
    ['gone', undefined, { kind: 'disable' }],
    ['timeout', undefined, { kind: 'throttle' }],
    ['server_error', undefined, { kind: 'throttle' }],
    ['throttling', undefined, { kind: 'throttle' }],
    ['throttling', 60_000, { kind: 'hold', untilMs: 61_000 }],
    ['throttling', 2 * DAY_MS, { kind: 'hold', untilMs: DAY_MS + 1000 }],
    ['client_error', 60_000, { kind: 'none' }],
    ['connection', undefined, { kind: 'none' }],
    ['target_refused', undefined, { kind: 'none' }],
  ] as const)('%s, Retry-After %s', (failed, retryAfterMs, effect) => {
    expect(endpointEffect({ class: failed, retryAfterMs }, 1000)).toEqual(effect);
  });
});

describe('classifyAnswer', () => {
  it.each([
    [200, 'delivered'],
    [204, 'delivered'],
    [299, 'delivered'],
    [300, 'redirect'],
    [308, 'redirect'],
    [400, 'client_error'],
    [404, 'client_error'],
    [410, 'gone'],
    [429, 'throttling'],
    [500, 'server_error'],
    [501, 'server_error'],
    [502, 'throttling'],
    [503, 'throttling'],
    [504, 'throttling'],
    [599, 'server_error'],
    [101, 'server_error'],
    [999, 'server_error'],
  ])('%i is %s', (status, expected) => {
    expect(classifyResponse({ status })).toBe(expected);
  });

  it('calls nothing but 2xx delivered', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 999 }),
        (status) => (classifyResponse({ status }) === 'delivered') === (Math.floor(status / 100) === 2),
      ),
    );
  });

  it.each([
    ['resolve', 'ENOTFOUND', 'connection'],
    ['resolve', 'SOMETHING_NEW', 'connection'],
    ['connect', 'ECONNREFUSED', 'connection'],
    ['connect', 'SOMETHING_NEW', 'connection'],
    ['connect', 'UND_ERR_CONNECT_TIMEOUT', 'timeout'],
    ['connect', 'ETIMEDOUT', 'timeout'],
    ['connect', 'EMFILE', undefined],
    ['tls', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
    ['tls', 'UNSPECIFIED', 'tls'],
    ['tls', 'SOMETHING_NEW', 'tls'],
    ['tls', '', 'tls'],
    ['tls', 'ECONNRESET', 'tls'],
    ['tls', 'UND_ERR_CONNECT_TIMEOUT', 'timeout'],
    ['tls', 'ENOMEM', undefined],
    ['headers', 'ECONNRESET', 'connection'],
    ['headers', 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'tls'],
    ['headers', 'SOMETHING_NEW', 'connection'],
  ] as const)('at stage %s, error %s is %s', (stage, code, expected) => {
    const cause = Object.assign(new Error('x'), code && { code });
    expect(classifyResponse({ error: new ReceiverFailure(stage, { cause }) })).toBe(expected);
  });

  it('knows a refused target', () => {
    expect(classifyResponse({ error: new RejectedError('webhook_target_refused') })).toBe('target_refused');
  });

  it.each(['ECONNRESET', 'CERT_HAS_EXPIRED', 'UNSPECIFIED', 'UND_ERR_INVALID_ARG'])(
    'knows no class for an error %s that no stage of the receiver reported',
    (code) => {
      expect(classifyResponse({ error: Object.assign(new Error('x'), { code }) })).toBeUndefined();
    },
  );

  it('knows no class for what is no error', () => {
    expect(classifyResponse({ error: 'ECONNRESET' })).toBeUndefined();
  });
});

describe('parseRetryAfter', () => {
  const nowMs = Date.UTC(2026, 0, 1);
  it.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['999999999', DAY_MS],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['Thursday, 01-Jan-26 00:01:00 GMT', 60_000],
    ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
    ['Fri, 01 Jan 2027 00:00:00 GMT', DAY_MS],
    ['-5', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['2026-01-01', undefined],
    ['', undefined],
    [undefined, undefined],
    [['60', '5'], 60_000],
  ])('%j', (header, expected) => {
    expect(parseRetryAfter(header, nowMs)).toBe(expected);
  });
});
