// The listener that serves as the provider. It is separate from the control's listener because the fault `refuse` closes
// it: clients then get ECONNREFUSED from the system while tests still reach the control.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface ProviderListener {
  /** Opens or closes the listener and resolves when the system does so too. */
  setOpen(isOpen: boolean): Promise<void>;
  /** 0 before it was open for the first time; the same port ever after. */
  port(): number;
  /** Cuts every connection. */
  stop(): Promise<void>;
}

const OPEN_TRIES = 40;
const OPEN_AGAIN_AFTER_MS = 50;

export function createProviderListener(wantedPort: number, host: string, onRequest: RequestListener): ProviderListener {
  let port = wantedPort;
  let server: Server | undefined;
  /** Closed servers whose last calls are still in progress. */
  const closing = new Map<Server, Promise<void>>();
  let latest: Promise<void> = Promise.resolve();

  async function open(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        server = await listen(port, host, onRequest);
        port = (server.address() as AddressInfo).port;
        return;
      } catch (error) {
        // While it was closed, the system may have lent the port to a connection for a moment.
        if (tries === OPEN_TRIES) throw error;
        await delay(OPEN_AGAIN_AFTER_MS);
      }
    }
  }

  /** Calls under way end as they would; their connections close behind them. */
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
