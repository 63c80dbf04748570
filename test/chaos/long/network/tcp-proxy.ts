/**
 * A proxy between two programs that can be bad: a small TCP proxy that drips, holds answers back, resets, or goes dead
 * without a word. None of it needs the programs' leave.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * `pass`; `drip`: answers come by single bytes; `hang`: answers never come, and none after them on that connection,
 * since TCP loses nothing in the middle; `reset`: the first byte of an answer breaks the connection. `dead`: what is open now carries nothing for good, and nobody is accepted; what is opened later passes.
 */
export type ProxyMode = 'pass' | 'drip' | 'hang' | 'reset' | 'dead';

export interface TcpProxy {
  port: number;
  /** How many connections stand. */
  open(): number;
  /** For connections that stand and those to come, until accepted otherwise. */
  behave(mode: ProxyMode): void;
  stop(): Promise<void>;
}

const DRIP_MS = 40;

interface Pair {
  near: Socket;
  far: Socket;
  dead: boolean;
  /** An answer was held back. */
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
      // A dead proxy does not even tell that the other end has gone.
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

  /** What follows waits behind it, so that no byte overtakes another. */
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
