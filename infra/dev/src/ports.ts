/**
 * Checks TCP ports of the loopback before a process starts on them, so that the error for a busy port names the
 * variable that changes it. It listens on a port only for the moment of the check.
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

/**
 * Below the range that systems use for outgoing connections. An outgoing connection could otherwise take the port of a
 * process that is restarting.
 */
const FIRST_PORT = 10_000;
const PORTS = 22_000;
const MAX_ATTEMPTS = 50;

/** A free port that stays free of outgoing connections while its process restarts. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const port = await listenBriefly(FIRST_PORT + Math.floor(Math.random() * PORTS)).catch(() => null);
    if (port !== null) return port;
  }
  return listenBriefly(0);
}

/** Throws with all busy ports and their variables. `0` is always free. */
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
