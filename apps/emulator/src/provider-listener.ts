// The listener for the provider's endpoints. It is separate from the control listener because the fault `refuse` closes it:
// clients then get ECONNREFUSED from the system, and tests still reach the control routes.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface ProviderListener {
  /** Opens or closes the listener. Resolves when the system accepts or refuses connections accordingly. */
  setOpen(isOpen: boolean): Promise<void>;
  /** 0 until it opens for the first time; it never changes afterwards. */
  port(): number;
  /** Closes every connection. */
  stop(): Promise<void>;
}

const MAX_ATTEMPTS = 40;
const RETRY_AFTER_MS = 50;

export function createProviderListener(wantedPort: number, host: string, onRequest: RequestListener): ProviderListener {
  let port = wantedPort;
  let server: Server | undefined;
  /** Closed servers whose last calls are still in progress. */
  const closing = new Map<Server, Promise<void>>();
  let latest: Promise<void> = Promise.resolve();

  async function open(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        server = await listen(port, host, onRequest);
        port = (server.address() as AddressInfo).port;
        return;
      } catch (error) {
        // While the port was closed, the system may have given it to an outgoing connection for a moment.
        if (attempt === MAX_ATTEMPTS) throw error;
        await delay(RETRY_AFTER_MS);
      }
    }
  }

  /** Calls in progress end normally; then their connections close. */
  function close(): void {
    const closed = server;
    server = undefined;
    if (!closed) return;
    const gone = new Promise<void>((resolve) => closed.close(() => resolve()));
    closing.set(closed, gone);
    void gone.then(() => closing.delete(closed));
  }

  async function apply(isOpen: boolean): Promise<void> {
    if (isOpen && !server) await open();
    if (!isOpen) close();
  }

  return {
    setOpen(isOpen) {
      const applied = latest.then(() => apply(isOpen));
      latest = applied.catch(() => {});
      return applied;
    },
    port: () => port,
    async stop() {
      await latest;
      close();
      for (const one of closing.keys()) one.closeAllConnections();
      await Promise.all(closing.values());
    },
  };
}

function listen(port: number, host: string, onRequest: RequestListener): Promise<Server> {
  const server = createServer(onRequest);
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}
