export { parseTraceparent } from './parent.ts';
export {
  addIds,
  currentTraceId,
  currentTraceparent,
  inSpan,
  markFailed,
  type SpanIds,
  type SpanName,
  withParent,
} from './spans.ts';
export { createTracing, type TraceEnvironment, type Tracing } from './tracing.ts';
