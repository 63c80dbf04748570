/**
 * Opens connections to receivers through the guard and keeps idle ones for the next request. It never dials by itself,
 * and it never gives out a connection whose last response left anything unread.
 */
import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import type { TargetGuard } from './ssrf-guard.ts';

export interface Connection {
  /** The origin, and the tenant's list where there is one: tenants with different lists share no connection. */
  readonly origin: string;
  /** The address is not public: Cardseal must not keep what it sends. */
  readonly isPrivate: boolean;
  readonly socket: Socket;
  readonly openedMs: number;
  /** Receives what happens on the connection while a request is on it. */
  listener: ConnectionListener | undefined;
}

export type ConnectionGuard = Pick<TargetGuard, 'key' | 'connectorWith'>;

interface ConnectionListener {
  data(bytes: Buffer): void;
  end(): void;
  failed(error: Error): void;
}

export interface Connections {
  /** An idle connection, else a new one. Rejects as the guard does, or with the reason of the signal. */
  open(url: URL, guard: ConnectionGuard, signal: AbortSignal): Promise<Connection>;
  /** Gives the connection back; it stays open for at most `keepMs`, and 0 closes it. */
  release(connection: Connection, keepMs: number): void;
  /** Closes everything at once. A connection that is still being opened closes as soon as it is open. */
  close(): void;
  readonly closed: boolean;
}

/** Connections older than this are not used again: the guard checked their address long ago. */
const CONNECTION_TTL_MS = 60_000;

interface Idle {
  connection: Connection;
  timer: NodeJS.Timeout;
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: its functions share the table of live and idle connections.
export function createConnections(maxOrigins: number): Connections {
  /** Idle connections by origin, the origin that was used last at the end. */
  const origins = new Map<string, Idle[]>();
  const live = new Set<Connection>();
  let closed = false;

  function touch(origin: string): Idle[] {
    const idle = origins.get(origin) ?? [];
    origins.delete(origin);
    origins.set(origin, idle);
    if (origins.size > maxOrigins) {
      const [oldest, unused] = origins.entries().next().value as [string, Idle[]];
      origins.delete(oldest);
      for (const { connection } of unused) connection.socket.destroy();
    }
    return idle;
  }

  function forget(connection: Connection): void {
    live.delete(connection);
    const idle = origins.get(connection.origin) ?? [];
    const at = idle.findIndex((one) => one.connection === connection);
    if (at >= 0) clearTimeout(idle.splice(at, 1)[0]!.timer);
  }

  function adopt(origin: string, { socket, isPrivate }: Dialled): Connection {
    if (closed) {
      socket.destroy();
      throw new Error('webhook_connections_closed');
    }
    const connection: Connection = { origin, isPrivate, socket, openedMs: performance.now(), listener: undefined };
    live.add(connection);
    // Bytes on an idle connection belong to no request: the connection cannot be used again.
    socket.on('data', (bytes: Buffer) => (connection.listener ? connection.listener.data(bytes) : socket.destroy()));
    socket.on('end', () => (connection.listener ? connection.listener.end() : socket.destroy()));
    socket.on('error', (error) => connection.listener?.failed(error));
    socket.on('close', () => {
      forget(connection);
      connection.listener?.failed(new Error('webhook_connection_closed'));
    });
    return connection;
  }

  function release(connection: Connection, keepMs: number): void {
    const { origin, socket, openedMs } = connection;
    connection.listener = undefined;
    const idle = origins.get(origin);
    const isYoung = performance.now() - openedMs < CONNECTION_TTL_MS;
    if (closed || !idle || keepMs <= 0 || !isYoung || !isUsable(socket)) {
      socket.destroy();
      return;
    }
    // An idle connection does not keep the process alive.
    socket.unref();
    idle.push({ connection, timer: setTimeout(() => socket.destroy(), keepMs).unref() });
  }

  function takeIdle(origin: string): Connection | undefined {
    const idle = touch(origin);
    for (let one = idle.pop(); one; one = idle.pop()) {
      clearTimeout(one.timer);
      const { socket, openedMs } = one.connection;
      if (isUsable(socket) && performance.now() - openedMs < CONNECTION_TTL_MS) {
        socket.ref();
        return one.connection;
      }
      socket.destroy();
    }
    return undefined;
  }

  return {
    get closed() {
      return closed;
    },
    async open(url, guard, signal) {
      signal.throwIfAborted();
      const origin = `${url.origin} ${guard.key}`;
      const kept = takeIdle(origin);
      if (kept) return kept;
      const opening = dial(guard, url).then((dialled) => adopt(origin, dialled));
      const aborted = Promise.withResolvers<never>();
      const abort = () => aborted.reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      try {
        return await Promise.race([opening, aborted.promise]);
      } catch (error) {
        // It may open later: without a request on it, it is closed.
        opening.then((late) => late.socket.destroy()).catch(() => {});
        throw error;
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
    release,
    close() {
      closed = true;
      for (const { socket } of live) socket.destroy();
      origins.clear();
    },
  };
}

function isUsable(socket: Socket): boolean {
  return !socket.destroyed && socket.readable && socket.writable;
}

interface Dialled {
  socket: Socket;
  isPrivate: boolean;
}

function dial(guard: ConnectionGuard, { protocol, hostname, host, port }: URL): Promise<Dialled> {
  const plainHost = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  const options: buildConnector.Options = { protocol, hostname: plainHost, host, port };
  let isPrivate = false;
  const connector = guard.connectorWith(() => {
    isPrivate = true;
  });
  return new Promise((resolve, reject) => {
    connector(options, (error: Error | null, socket: Socket | null) =>
      socket ? resolve({ socket, isPrivate }) : reject(error),
    );
  });
}
