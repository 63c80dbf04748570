/**
 * Looks at TCP ports of the loopback before anything is started on them, so that a busy one is named together with
 * the variable that moves it. It holds no port longer than the look takes.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';

async function listenBriefly(port: number): Promise<number> {
  const server = createServer();
  server.listen(port, LOOPBACK);
  await once(server, 'listening');
  const taken = (server.address() as AddressInfo).port;
  server.close();
  await once(server, 'close');
  return taken;
}

/** Below the ports that systems give to outgoing connections: one of those could sit on a port whose owner restarts. */
const FIRST_PORT = 10_000;
const PORTS = 22_000;
const TRIES = 50;

/** A port that nobody listens on now, and that nobody gets by chance while its owner is away. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = await listenBriefly(FIRST_PORT + Math.floor(Math.random() * PORTS)).catch(() => null);
    if (port !== null) return port;
  }
  return listenBriefly(0);
}

/** Throws with the names of all busy ports and their variables. `0` is always free. */
export async function assertPortsFree(ports: Readonly<Record<string, number>>): Promise<void> {
  const busy: string[] = [];
  for (const [variable, port] of Object.entries(ports)) {
    if (port === 0) continue;
    try {
      await listenBriefly(port);
    } catch (error) {
      busy.push(`port ${port} (${variable}) cannot be used: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`);
    }
  }
  if (busy.length > 0) throw new Error(`${busy.join('; ')}. Set the variable to another port, or to 0 for a free one`);
}
