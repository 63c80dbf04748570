/** A listener on an internal address that no webhook may reach. It counts connections. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** Not among the targets that the stack of these tests allows. */
export const HONEYPOT_ADDRESS = '127.0.0.2';

export interface Honeypot {
  connections(): number;
  stop(): Promise<void>;
}

/** @param port the port of the allowed receiver, because a name that changes its address keeps its port. */
export async function startHoneypot(port: number): Promise<Honeypot> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).end('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n');
  }).listen(port, HONEYPOT_ADDRESS);
  await once(server, 'listening');
  return {
    connections: () => sockets.size,
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
