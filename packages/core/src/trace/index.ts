export { parseTraceparent } from './parent.ts';
export {
  addIds,
  currentTraceId,
  currentTraceparent,
  inSpan,
  markFailed,
  type SpanIds,
  withParent,
} from './spans.ts';
export { createTracing } from './tracing.ts';
