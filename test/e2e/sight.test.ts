/** The observability of a stack: one trace from submit to webhook, logs and metrics that are all on their lists. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { EVENTS } from '@cardseal/core/log';
import { METRICS, type MetricDefinition } from '@cardseal/core/metrics';
import { generateSpecimens } from '@cardseal/emulator/cards';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sample, scrapeAll } from '../support/scrape.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { startTraceCollector, type TraceCollector } from '../support/trace-collector.ts';
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts';

const SPANS = [
  'submit',
  'store',
  'enqueue',
  'recognize',
  'fetch',
  'encrypt',
  'permit',
  'call',
  'save',
  'conclude',
  'announce',
  'deliver',
];
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const LINE = ['time', 'level', 'role', 'pid', 'event', 'trace_id'];

describe('a stack that is looked at', () => {
  let app: TestStack;
  let collector: TraceCollector;
  let receiver: Receiver;
  let front: Buffer;
  let job: string;

  beforeAll(async () => {
    [collector, receiver] = await Promise.all([startTraceCollector(), startReceiver()]);
    app = await startTestStack({ apps: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, METRICS_PORT: '0' } });
    const [specimen] = await Array.fromAsync(generateSpecimens({ count: 1, seed: 8, scenario: 'good' }));
    front = specimen!.front;
    const json = { 'content-type': 'application/json' };
    await app.call('POST', '/v1/webhook-endpoints', {
      body: JSON.stringify({ url: receiver.url('/') }),
      headers: json,
    });
    const body = JSON.stringify({ front: { image: front.toString('base64') } });
    const traceparent = `00-${TRACE_ID}-00f067aa0ba902b7-01`;
    const answer = await app.call('POST', '/v1/jobs', {
      body,
      headers: { ...json, traceparent, tracestate: 'who=zhuge' },
    });
    job = answer.body.id;
    await app.finished(job);
  });
  afterAll(async () => {
    await app?.stop();
    await Promise.all([collector?.stop(), receiver?.stop()]);
  });

  it('sends one trace over API, worker and delivery, with ids only, and hands it to the receiver', async () => {
    const spans = await collector.complete(TRACE_ID, SPANS);
    expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(['cardseal-api', 'cardseal-worker']));
    const ids = /^cardseal\.(job|generation|side|endpoint|credential)$/;
    for (const { name, attributes } of spans) {
      for (const key of Object.keys(attributes)) expect(key, name).toMatch(ids);
      expect(attributes['cardseal.job'], name).toBe(job);
    }
    const deliver = spans.find(({ name }) => name === 'deliver')!;
    const [arrival] = await receiver.next(({ event }) => event.data.id === job);
    expect(arrival!.headers.traceparent).toBe(`00-${TRACE_ID}-${deliver.spanId}-01`);
    expect(arrival!.headers.tracestate).toBeUndefined();
    expect(spans.find(({ name }) => name === 'submit')!.parentSpanId).toBe('00f067aa0ba902b7');
  });

  it('starts a new trace for a client that sends none or a malformed one', async () => {
    const { id } = await app.submit({ front });
    await app.finished(id);
    const [arrival] = await receiver.next(({ event }) => event.data.id === id);
    const traceId = String(arrival!.headers.traceparent).split('-')[1]!;
    expect(traceId).not.toBe(TRACE_ID);
    await collector.complete(traceId, SPANS);
  });

  it('writes only events of the catalogue, with their fields, and those of a card with its trace', () => {
    const lines = linesOf(app.dataDir);
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) {
      expect(Object.keys(EVENTS)).toContain(line.event);
      const { fields, level } = EVENTS[line.event as keyof typeof EVENTS];
      expect([level].flat(), line.event).toContain(line.level);
      for (const field of Object.keys(line)) expect([...LINE, ...fields], line.event).toContain(field);
    }
    const told = lines.filter((line) => line.trace_id === TRACE_ID).map(({ event }) => event);
    expect(told).toEqual(expect.arrayContaining(['job.accepted', 'job.concluded', 'delivery.tried']));
  });

  it('shows only metrics of the catalogue, with their labels and values that do not grow with use', async () => {
    const samples = (await scrapeAll(app.dataDir)).flatMap((one) => one.samples);
    expect(new Set(samples.map(({ labels }) => labels.role))).toEqual(new Set(['api', 'worker', 'admin']));
    const ours = samples.filter(({ name }) => name.startsWith('cardseal_'));
    expect(ours.length).toBeGreaterThan(20);
    for (const sample of ours) expect(strayLabels(sample), sample.name).toEqual([]);
    for (const { labels } of samples) {
      for (const value of Object.values(labels)) expect(value).not.toMatch(/[a-z]+_[0-9A-Z]{20}/);
    }
  });
});

it('sends no spans and no trace header when tracing is off', async () => {
  const [collector, receiver] = await Promise.all([startTraceCollector(), startReceiver()]);
  // Settings of other programs on the host must not apply.
  const app = await startTestStack({ apps: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces` } });
  try {
    const headers = { 'content-type': 'application/json' };
    await app.call('POST', '/v1/webhook-endpoints', { body: JSON.stringify({ url: receiver.url('/') }), headers });
    const [specimen] = await Array.fromAsync(generateSpecimens({ count: 1, seed: 8, scenario: 'good' }));
    const { id } = await app.submit({ front: specimen!.front });
    const [arrival] = await receiver.next(({ event }) => event.data.id === id);
    expect(arrival!.headers.traceparent).toBeUndefined();
    expect(linesOf(app.dataDir).filter((line) => 'trace_id' in line)).toEqual([]);
    expect(collector.raw).toEqual([]);
  } finally {
    await app.stop();
    await Promise.all([collector.stop(), receiver.stop()]);
  }
});

function strayLabels({ name, labels }: Sample): string[] {
  const family = name.replace(/_(bucket|sum|count)$/, '');
  const known = (METRICS as Record<string, MetricDefinition>)[name in METRICS ? name : family];
  if (!known) return ['not in the catalogue'];
  const allowed = [...known.labels, 'role', ...(known.kind === 'histogram' ? ['le'] : [])];
  return Object.keys(labels).filter((label) => !allowed.includes(label));
}

/** JSON lines of API, worker and admin; what else the launcher writes down is not theirs. */
function linesOf(dataDir: string): ({ event: string } & Record<string, string>)[] {
  const folder = path.join(dataDir, 'logs');
  const files = readdirSync(folder).filter((file) => /^(api|worker|admin)/.test(file));
  const lines = files.flatMap((file) => readFileSync(path.join(folder, file), 'utf8').split('\n'));
  return lines.filter((line) => line.startsWith('{"level"')).map((line) => JSON.parse(line));
}
