/**
 * The spans of a job. A span holds ids and the code of an error, never a message, a personal name or submitted data.
 * While tracing is off, these functions only run the work that they are given.
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

/** `recognize` is one run of a worker on a job; the steps within it are its children. */
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

/** All that a span may contain in addition to its name, its time and the code of its error. */
export interface SpanIds {
  job?: string;
  generation?: number;
  side?: string;
  endpoint?: string;
  credential?: string;
}

const TRACER = 'cardseal';
const IDS = createContextKey('cardseal ids');

/** Runs `work` in a span. Spans within it inherit its ids. The result or error of `work` passes through unchanged. */
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

/** Whether no exporter is registered. Then the dozen spans of a job are not created. */
function isOff(): boolean {
  const provider = trace.getTracerProvider();
  return provider instanceof ProxyTracerProvider && provider.getDelegateTracer(TRACER) === undefined;
}

/** Adds ids to the current span that are known only after its start. Spans within it do not inherit them. */
export function addIds(ids: SpanIds): void {
  trace.getActiveSpan()?.setAttributes(attributesOf(ids));
}

/** Marks the current span as failed. @param code from a closed list. */
export function markFailed(code: string): void {
  trace.getActiveSpan()?.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', code);
}

/** Continues the trace in another process or at a consumer. Undefined outside of spans and while tracing is off. */
export function currentTraceparent(): string | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  return span && isSpanContextValid(span) ? formatTraceparent(span) : undefined;
}

export function currentTraceId(): string | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  return span && isSpanContextValid(span) ? span.traceId : undefined;
}

/** Runs `work` as a part of the trace that `traceparent` names, or of a new trace if it names none. */
export function withParent<T>(traceparent: unknown, work: () => T): T {
  const parent = parseTraceparent(traceparent);
  return context.with(parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT, work);
}

function attributesOf(ids: SpanIds): Record<string, string | number> {
  const present = Object.entries(ids).filter(([, id]) => id !== undefined);
  return Object.fromEntries(present.map(([name, id]) => [`cardseal.${name}`, id]));
}
