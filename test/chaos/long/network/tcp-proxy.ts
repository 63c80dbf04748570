/**
 * A small TCP proxy that can make a connection bad: it drips, withholds responses, resets, or stops forwarding
 * silently. The programs on both sides need no changes.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * `pass`: forwards everything. `drip`: forwards responses byte by byte. `hang`: forwards no further responses on a
 * connection, since TCP never drops bytes in the middle. `reset`: resets the connection at the first byte of a
 * response. `dead`: existing connections never forward anything again and are not closed; later connections pass.
 */
export type ProxyMode = 'pass' | 'drip' | 'hang' | 'reset' | 'dead';

export interface TcpProxy {
  port: number;
  /** Number of connections that still forward. */
  open(): number;
  /** Applies to existing and new connections until the next call. */
  behave(mode: ProxyMode): void;
  stop(): Promise<void>;
}

const DRIP_MS = 40;

interface Pair {
  near: Socket;
  far: Socket;
  dead: boolean;
  /** A response was withheld. */
  hung: boolean;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let mode: ProxyMode = 'pass';
  const server = createServer((near) => {
    const pair: Pair = { near, far: connect(targetPort, '127.0.0.1'), dead: false, hung: false };
    pairs.add(pair);
    near.setNoDelay();
    pair.far.setNoDelay();
    near.on('data', (bytes) => void (pair.dead || pair.far.write(bytes)));
    pair.far.on('data', (bytes) => answer(pair, bytes));
    const end = () => {
      // A dead connection does not report that the other end has closed either.
      if (pair.dead) return;
      pairs.delete(pair);
      near.destroy();
      pair.far.destroy();
    };
    for (const socket of [near, pair.far]) socket.on('error', end).on('close', end);
  });

  function answer(pair: Pair, bytes: Buffer): void {
    if (mode === 'hang') pair.hung = true;
    if (pair.dead || pair.hung) return;
    if (mode === 'reset') return void pair.near.resetAndDestroy();
    if (mode === 'drip') return void drip(pair, bytes);
    pair.near.write(bytes);
  }

  /** Pauses the source meanwhile, so that later bytes cannot overtake. */
  async function drip({ near, far }: Pair, bytes: Buffer): Promise<void> {
    far.pause();
    let at = 0;
    for (; at < bytes.length && mode === 'drip' && !near.destroyed; at++) {
      near.write(bytes.subarray(at, at + 1));
      await new Promise((resolve) => setTimeout(resolve, DRIP_MS));
    }
    if (!near.destroyed) near.write(bytes.subarray(at));
    far.resume();
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    open: () => [...pairs].filter(({ dead }) => !dead).length,
    behave(next) {
      mode = next === 'dead' ? 'pass' : next;
      if (next === 'dead') for (const pair of pairs) pair.dead = true;
    },
    async stop() {
      server.close();
      for (const { near, far } of pairs) {
        near.destroy();
        far.destroy();
      }
    },
  };
}
