// The object store double: the part of S3 that the ledger uses, stored in a folder, for development and tests on one machine.
// Clients use it through any S3 SDK. It must never be used as a production store.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Faults } from './faults.ts';
import { handleRequest, type LogEvent } from './handler.ts';
import type { Credentials } from './signature.ts';
import { Stats } from './stats.ts';
import { Storage } from './storage.ts';

export type { FaultRule } from './faults.ts';

export type ObjectStoreOptions = {
  /** Contains all data; created if absent. Only one store at a time may use a folder. */
  dataDir: string;
  /** 0 takes a free one. */
  port: number;
  host?: string;
  region: string;
  /** Created at start if absent. */
  buckets: readonly string[];
  credentials: readonly Credentials[];
  /** `fsync` (default): a confirmed write survives a power cut. `none`: it survives only a crash of the process. */
  durability?: 'fsync' | 'none';
  now?: () => number;
  /** Events without keys, bodies or secrets. */
  log?: (event: LogEvent) => void;
};

/** `start` and `stop` may be called twice. `stop` waits for running requests, for five seconds at most. */
export type ObjectStore = { start(): Promise<{ port: number }>; stop(): Promise<void> };

const stopLimitMs = 5_000;
/** Longer than any client keeps an idle connection, so that the store never closes one while a request arrives. */
const keepAliveMs = 75_000;

export function createObjectStore(options: ObjectStoreOptions): ObjectStore {
  let running: Promise<{ port: number; close: () => Promise<void> }> | undefined;
  return {
    async start() {
      running ??= open(options);
      try {
        return { port: (await running).port };
      } catch (error) {
        running = undefined;
        throw error;
      }
    },
    async stop() {
      const opened = running;
      running = undefined;
      await opened?.then(
        ({ close }) => close(),
        () => undefined,
      );
    },
  };
}

async function open(options: ObjectStoreOptions): Promise<{ port: number; close: () => Promise<void> }> {
  const log = options.log ?? (() => undefined);
  const startedAtMs = performance.now();
  const storage = await Storage.open(options.dataDir, options.durability !== 'none');
  for (const bucket of options.buckets) if (!storage.buckets.has(bucket)) await storage.createBucket(bucket);
  const context = {
    storage,
    credentials: options.credentials,
    region: options.region,
    faults: new Faults(),
    stats: new Stats(),
    now: options.now ?? Date.now,
    log,
  };
  const running = new Set<Promise<unknown>>();
  const server = createServer({ keepAliveTimeout: keepAliveMs, noDelay: true }, (request, response) => {
    const handled = handleRequest(context, request, response).catch(() => response.destroy());
    running.add(handled);
    void handled.finally(() => running.delete(handled));
  });
  const port = await listen(server, options.port, options.host ?? '127.0.0.1');
  const objects = Array.from(storage.buckets.values()).reduce((sum, bucket) => sum + bucket.names.size, 0);
  log({ event: 'object-store.started', port, objects, tookMs: Math.round(performance.now() - startedAtMs) });
  return { port, close: () => close(server, running, storage) };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

async function close(server: Server, running: Set<Promise<unknown>>, storage: Storage): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const limit = setTimeout(() => server.closeAllConnections(), stopLimitMs);
  await closed;
  clearTimeout(limit);
  // A request whose connection is closed may still write or remove its temporary file.
  await Promise.all(running);
  await storage.close();
}
