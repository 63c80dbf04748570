/** The internal HTTP listener that Prometheus scrapes. It serves `GET /metrics` and nothing else. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { drainServer } from '../lifetime/index.ts';
import type { Log } from '../log/index.ts';
import type { Metrics } from './metrics.ts';

/** Named as in the environment. Without a port no listener starts. */
export interface MetricsEnvironment {
  METRICS_HOST?: string | undefined;
  METRICS_PORT?: number | undefined;
}

const LAST_SCRAPE_MS = 1000;

export interface MetricsListener {
  /** Resolves with the port when it listens, and logs the port. */
  start(log: Pick<Log, 'info'>): Promise<number | undefined>;
  stop(): Promise<void>;
}

export function createMetricsListener(metrics: Metrics, env: MetricsEnvironment): MetricsListener {
  const { METRICS_HOST: host = '127.0.0.1', METRICS_PORT: wanted } = env;
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') return void response.writeHead(404).end();
    metrics.scrape().then(
      ({ contentType, text }) => response.writeHead(200, { 'content-type': contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  server.requestTimeout = 10_000;
  return {
    async start(log) {
      if (wanted === undefined) return undefined;
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(wanted, host, resolve);
      });
      const { port } = server.address() as AddressInfo;
      log.info('metrics.listening', { port });
      return port;
    },
    stop: () =>
      new Promise((resolve) => {
        if (!server.listening) return resolve();
        // A scrape in progress takes milliseconds. A stalled reader must not delay the end of the process.
        void drainServer(server, { graceMs: LAST_SCRAPE_MS }).then(resolve);
      }),
  };
}
