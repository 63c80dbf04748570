/** Connections through an HTTP proxy by CONNECT, in the form of undici's `connect` option. TLS runs inside the tunnel. */
import type { SecureContext } from 'node:tls';
import { buildConnector, Pool } from 'undici';
import type { ProxyFor } from './proxy.ts';

/** The proxy cannot be reached, or does not open a tunnel. Nothing has been sent to the target. */
export class ProxyError extends Error {
  readonly code = 'ERR_PROXY';
  /** The status of the proxy's response, if it sent one. */
  readonly status: number | undefined;

  constructor(status: number | undefined, cause?: unknown) {
    super('the proxy opens no tunnel', { cause });
    this.name = 'ProxyError';
    this.status = status;
  }
}

export interface TunnelOptions {
  timeoutMs: number;
  secureContext?: SecureContext | undefined;
}

/** @param proxy may contain a user and a password. */
export function tunnelConnector(proxy: URL, { timeoutMs, secureContext }: TunnelOptions): buildConnector.connector {
  const pool = new Pool(proxy.origin, { connect: { timeout: timeoutMs }, headersTimeout: timeoutMs });
  const secure = buildConnector({ allowH2: false, timeout: timeoutMs, ...(secureContext && { secureContext }) });
  const authorization = credentialsOf(proxy);
  return (request, callback) => {
    const { protocol, hostname, port } = request;
    const host = hostname.includes(':') ? `[${hostname}]` : hostname;
    const target = `${host}:${port || (protocol === 'https:' ? 443 : 80)}`;
    pool.connect({ path: target, headers: { host: target, ...authorization } }).then(
      ({ statusCode, socket }) => {
        if (statusCode !== 200) {
          socket.destroy();
          return callback(new ProxyError(statusCode), null);
        }
        if (protocol !== 'https:') return callback(null, socket as Parameters<buildConnector.Callback>[1] & object);
        secure({ ...request, servername: request.servername ?? hostname, httpSocket: socket as never }, callback);
      },
      (error: unknown) => callback(new ProxyError(undefined, error), null),
    );
  };
}

/** A connector that uses the proxy of a target if there is one, and otherwise connects directly. */
export function egressConnector(proxyFor: ProxyFor, timeoutMs: number): buildConnector.connector {
  const direct = buildConnector({ allowH2: false, timeout: timeoutMs });
  const tunnels = new Map<string, buildConnector.connector>();
  return (request, callback) => {
    const { protocol, hostname, port } = request;
    const url = new URL(`${protocol}//${hostname.includes(':') ? `[${hostname}]` : hostname}${port ? `:${port}` : ''}`);
    const proxy = proxyFor(url);
    if (!proxy) return direct(request, callback);
    const tunnel = tunnels.get(proxy.href) ?? tunnelConnector(proxy, { timeoutMs });
    tunnels.set(proxy.href, tunnel);
    return tunnel(request, callback);
  };
}

function credentialsOf({ username, password }: URL): Record<string, string> {
  if (!username && !password) return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}
