/** Traces of one process. Without a configured collector they are off, and their libraries are not loaded. */
import type { ProxyEnvironment } from '../config/index.ts';

export interface TraceEnvironment extends ProxyEnvironment {
  OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
}

export interface Tracing {
  start(): Promise<void>;
  /** Sends the remaining spans. Bounded, whatever the collector does. */
  stop(): Promise<void>;
}

/** @param role becomes `service.name`: `cardseal-worker`. */
export function createTracing(role: string, env: TraceEnvironment): Tracing {
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT;
  let stopExport: (() => Promise<void>) | undefined;
  return {
    async start() {
      if (endpoint === undefined || stopExport) return;
      const { startExport } = await import('./export.ts');
      stopExport = startExport(role, endpoint, env);
    },
    async stop() {
      const stopping = stopExport?.();
      stopExport = undefined;
      await stopping;
    },
  };
}
