/**
 * Sends spans to a collector by OTLP over HTTP. Only `tracing.ts` loads this, and only where traces are wanted. A
 * collector that is away costs spans, never work: they wait in a bounded queue and are dropped.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { proxyOptions } from '@cardseal/base/egress';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { type ProxyEnvironment, readProxies } from '../config/index.ts';

const EVERY_MS = 1000;
const EXPORT_DEADLINE_MS = 10_000;
const MAX_QUEUED_SPANS = 8192;
const STOP_DEADLINE_MS = 2000;

/** Returns what ends it. The first of a process sets its tracer; another one in the same process changes nothing. */
export function startExport(role: string, endpoint: string, proxies: ProxyEnvironment): () => Promise<void> {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    timeoutMillis: EXPORT_DEADLINE_MS,
    httpAgentOptions: { keepAlive: true, ...proxyOptions(readProxies(proxies), endpoint) },
  });
  const processor = new BatchSpanProcessor({
    exporter,
    scheduledDelayMillis: EVERY_MS,
    exportTimeoutMillis: EXPORT_DEADLINE_MS,
    maxQueueSize: MAX_QUEUED_SPANS,
  });
  const provider = new TracerProvider({
    // Nothing that is found out about the host or the command line: only this.
    resource: resourceFromAttributes({ 'service.name': `cardseal-${role}`, 'process.pid': process.pid }),
    spanProcessors: [processor],
  });
  const ours = trace.setGlobalTracerProvider(provider);
  if (ours) context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return async () => {
    if (ours) {
      trace.disable();
      context.disable();
    }
    await Promise.race([provider.shutdown().catch(() => {}), delay(STOP_DEADLINE_MS, undefined, { ref: false })]);
  };
}
