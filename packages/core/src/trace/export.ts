/**
 * Sends spans to a collector by OTLP over HTTP. Only `tracing.ts` loads this file, and only when a collector is
 * configured. An unavailable collector never delays work: spans wait in a bounded queue, and are then dropped.
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

/** Returns a function that stops the export. The first call in a process sets the global tracer; later calls leave it. */
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
    // Detectors are off: they would send the host name and the command line.
    resource: resourceFromAttributes({ 'service.name': `cardseal-${role}`, 'process.pid': process.pid }),
    spanProcessors: [processor],
  });
  const isGlobal = trace.setGlobalTracerProvider(provider);
  if (isGlobal) context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return async () => {
    if (isGlobal) {
      trace.disable();
      context.disable();
    }
    await Promise.race([provider.shutdown().catch(() => {}), delay(STOP_DEADLINE_MS, undefined, { ref: false })]);
  };
}
