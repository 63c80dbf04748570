// The emulator as a library: Baidu's token endpoint, both OCR endpoints and the control of tests behind one HTTP listener.
// It stands where the provider stands and judges the product, so it shares no code with it and must never be reachable from outside the machine.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EmulatorConfig, EmulatorOverrides } from './config.ts';
import { createContext } from './context.ts';
import { handleControl } from './control/routes.ts';
import { sendJson } from './http.ts';
import { handleCall } from './idcard/routes.ts';
import { handleToken } from './token/routes.ts';

export { type Credential, DEFAULT_CONFIG, type EmulatorConfig, type EmulatorOverrides, readConfig } from './config.ts';

export interface Emulator {
  /** Listens; resolves with the port. Calling it again gives the same answer. */
  start(): Promise<{ port: number }>;
  /** Cuts every connection and resolves when the listener is closed. Safe at any time. */
  stop(): Promise<void>;
}

export function createEmulator(config: EmulatorConfig, overrides: EmulatorOverrides = {}): Emulator {
  const context = createContext(config, overrides);
  const server = createServer((request, response) => {
    route(request, response).catch(() => {
      // The client is gone, or a handler broke: nothing that was read may be echoed.
      if (!response.headersSent) sendJson(response, 500, { error: 'emulator_failure' });
      else response.destroy();
    });
  });
  server.keepAliveTimeout = 60_000;

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://emulator');
    if (url.pathname.startsWith('/__control')) return handleControl(context, request, response, url);
    if (url.pathname === '/oauth/2.0/token') return handleToken(context, request, response, url);
    if (url.pathname === '/rest/2.0/ocr/v1/idcard_enc')
      return handleCall(context, request, response, url, 'idcard_enc');
    if (url.pathname === '/rest/2.0/ocr/v1/idcard') return handleCall(context, request, response, url, 'idcard');
    request.resume();
    return sendJson(response, 404, { error_code: 3, error_msg: 'Unsupported openapi method' });
  }

  let started: Promise<{ port: number }> | undefined;
  let stopped: Promise<void> | undefined;
  return {
    start() {
      started ??= new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(config.port, config.host, () => resolve({ port: (server.address() as AddressInfo).port }));
      });
      return started;
    },
    stop() {
      stopped ??= new Promise((resolve) => {
        context.stopping.abort();
        server.close(() => context.reader.stop().then(resolve));
        server.closeAllConnections();
      });
      return stopped;
    },
  };
}
