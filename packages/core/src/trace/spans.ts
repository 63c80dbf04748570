/**
 * The spans of a card's way. A span holds ids and the code of an error, never a message, a name or anything that was
 * sent. While tracing is off all of this only calls the work it is given.
 */

import { asCardsealError } from '@cardseal/base/errors';
import {
  context,
  createContextKey,
  isSpanContextValid,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { formatTraceparent, parseTraceparent } from './parent.ts';

/** `recognize` is one run of a worker over a card; the steps within it are its children. */
export type SpanName =
  | 'submit'
  | 'store'
  | 'enqueue'
  | 'recognize'
  | 'fetch'
  | 'encrypt'
  | 'permit'
  | 'call'
  | 'save'
  | 'conclude'
  | 'announce'
  | 'deliver';

/** All that a span may say beside its name, its time and the code of its error. */
export interface SpanIds {
  job?: string;
  generation?: number;
  side?: string;
  endpoint?: string;
  credential?: string;
}

const TRACER = 'cardseal';
const IDS = createContextKey('cardseal ids');

/** Runs `work` in a span; those within it inherit its ids. What the work answers or throws is left alone. */
export function inSpan<T>(name: SpanName, ids: SpanIds, work: () => Promise<T>): Promise<T> {
  if (isOff()) return work();
  const parent = context.active();
  const all: SpanIds = { ...(parent.getValue(IDS) as SpanIds | undefined), ...ids };
  return trace.getTracer(TRACER).startActiveSpan(name, {}, parent.setValue(IDS, all), async (span) => {
    if (span.isRecording()) span.setAttributes(attributesOf(all));
    try {
      return await work();
    } catch (error) {
      markFailed(asCardsealError(error).code);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Nobody listens: a card's dozen spans would be made for nothing. */
function isOff(): boolean {
  const provider = trace.getTracerProvider();
  return provider instanceof ProxyTracerProvider && provider.getDelegateTracer(TRACER) === undefined;
}

/** Of the span that runs: for ids that are known only once it has begun. Spans within it do not inherit these. */
export function addIds(ids: SpanIds): void {
  trace.getActiveSpan()?.setAttributes(attributesOf(ids));
}

/** Of a span that failed without an error of ours. @param code from a closed list. */
export function markFailed(code: string): void {
  trace.getActiveSpan()?.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', code);
}

/** For another process or a consumer: where the trace goes on. Undefined outside of spans, and while tracing is off. */
export function currentTraceparent(): string | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  return span && isSpanContextValid(span) ? formatTraceparent(span) : undefined;
}

export function currentTraceId(): string | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  return span && isSpanContextValid(span) ? span.traceId : undefined;
}

/** Runs `work` as a part of the trace that `traceparent` names; of a new one when it names none. */
export function withParent<T>(traceparent: unknown, work: () => T): T {
  const parent = parseTraceparent(traceparent);
  return context.with(parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT, work);
}

function attributesOf(ids: SpanIds): Record<string, string | number> {
  const present = Object.entries(ids).filter(([, id]) => id !== undefined);
  return Object.fromEntries(present.map(([name, id]) => [`cardseal.${name}`, id]));
}
