// The emulator as a library: Baidu's token endpoint, both OCR endpoints and the control routes for tests on one HTTP listener.
// It replaces the provider and checks the product, so it shares no code with the product. It must never be reachable from outside
// the machine.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EmulatorConfig, EmulatorOverrides } from './config.ts';
import { createContext } from './context.ts';
import { handleControl } from './control/routes.ts';
import { sendJson } from './http.ts';
import { handleCall, tokenOf } from './idcard/routes.ts';
import { createProviderListener, type ProviderListener } from './provider-listener.ts';
import { handleToken } from './token/routes.ts';

export { type Credential, DEFAULT_CONFIG, type EmulatorConfig, type EmulatorOverrides } from './config.ts';

type Route = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>;

export interface Emulator {
  /** Listens and resolves with the port. Further calls return the same result. */
  start(): Promise<{ port: number; providerPort?: number }>;
  /** Closes every connection and resolves when the listener is closed. Safe at any time. */
  stop(): Promise<void>;
}

export function createEmulator(config: EmulatorConfig, overrides: EmulatorOverrides = {}): Emulator {
  const context = createContext(config, overrides);
  const answering = (route: Route) => (request: IncomingMessage, response: ServerResponse) => {
    route(request, response, new URL(request.url ?? '/', 'http://emulator')).catch(() => {
      // The client is gone, or a handler failed. The response must not repeat anything from the request.
      if (!response.headersSent) sendJson(response, 500, { error: 'emulator_failure' });
      else response.destroy();
    });
  };
  const server = createServer(answering(routeAll));
  server.keepAliveTimeout = 60_000;
  const provider: ProviderListener | undefined =
    config.providerPort === undefined
      ? undefined
      : createProviderListener(config.providerPort, config.host, answering(routeProvider));
  const applyRefusal = async () => provider?.setOpen(!context.faults.refusesAll());

  async function routeAll(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    if (!url.pathname.startsWith('/__control')) return routeProvider(request, response, url);
    return handleControl(context, request, response, url, applyRefusal);
  }

  async function routeProvider(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    if (context.faults.refuses(context.tokens.verify(tokenOf(url)).credential?.id)) {
      // The connection exists already, so a reset is the closest thing to a refused connection. Statistics do not count the call.
      request.socket.resetAndDestroy();
      return;
    }
    if (url.pathname === '/oauth/2.0/token') return handleToken(context, request, response, url);
    if (url.pathname === '/rest/2.0/ocr/v1/idcard_enc')
      return handleCall(context, request, response, url, 'idcard_enc');
    if (url.pathname === '/rest/2.0/ocr/v1/idcard') return handleCall(context, request, response, url, 'idcard');
    request.resume();
    return sendJson(response, 404, { error_code: 3, error_msg: 'Unsupported openapi method' });
  }

  async function start(): Promise<{ port: number; providerPort?: number }> {
    const port = await new Promise<number>((resolve, reject) => {
      server.once('error', reject);
      server.listen(config.port, config.host, () => resolve((server.address() as AddressInfo).port));
    });
    if (!provider) return { port };
    await provider.setOpen(true);
    return { port, providerPort: provider.port() };
  }

  let started: ReturnType<typeof start> | undefined;
  let stopped: Promise<void> | undefined;
  return {
    start() {
      started ??= start();
      return started;
    },
    stop() {
      stopped ??= new Promise<void>((resolve) => {
        context.stopping.abort();
        server.close(() => context.reader.stop().then(resolve));
        server.closeAllConnections();
      }).then(() => provider?.stop());
      return stopped;
    },
  };
}
