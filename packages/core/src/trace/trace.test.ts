import { RejectedError } from '@cardseal/base/errors';
import { afterEach, describe, expect, it } from 'vitest';
import { currentTraceId, currentTraceparent, inSpan, parseTraceparent, withParent } from './index.ts';
import { createTracing } from './tracing.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

describe('traceparent', () => {
  it('parses the format of W3C Trace Context', () => {
    expect(parseTraceparent(PARENT)).toMatchObject({ traceId: TRACE_ID, spanId: '00f067aa0ba902b7', traceFlags: 1 });
  });

  it.each([
    undefined,
    '',
    '诸葛孔明',
    PARENT.toUpperCase(),
    `${PARENT}-more`,
    PARENT.replace('00-', 'ff-'),
    PARENT.replace(TRACE_ID, '0'.repeat(32)),
    [PARENT],
  ])('rejects %s', (text) => {
    expect(parseTraceparent(text)).toBeNull();
  });
});

describe('without tracing', () => {
  it('runs the work of a span, and there is no current trace', async () => {
    const seen = await inSpan('call', { job: 'job_1' }, async () => [currentTraceId(), currentTraceparent()]);
    expect(seen).toEqual([undefined, undefined]);
    await expect(inSpan('call', {}, () => Promise.reject(new RejectedError('no')))).rejects.toThrow('no');
  });
});

describe('with an unavailable collector', () => {
  // No process listens on this port.
  const tracing = createTracing('worker', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
  afterEach(() => tracing.stop());

  it('work continues in its trace, and stop does not wait for the collector', async () => {
    await tracing.start();
    const inside = await withParent(PARENT, () =>
      inSpan('recognize', {}, () => inSpan('call', {}, async () => currentTraceparent())),
    );
    expect(inside).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-01$`));
    expect(inside).not.toBe(PARENT);
    const other = await withParent(undefined, () => inSpan('submit', {}, async () => currentTraceId()));
    expect(other).toMatch(/^[0-9a-f]{32}$/);
    expect(other).not.toBe(TRACE_ID);
    const startedAt = performance.now();
    await tracing.stop();
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(await inSpan('call', {}, async () => currentTraceId())).toBeUndefined();
  });
});
