/** A place inside the house to which no webhook may lead: it counts who connects. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** Not among the targets that the stack of this room allows. */
export const TRAP_ADDRESS = '127.0.0.2';

export interface Trap {
  connections(): number;
  stop(): Promise<void>;
}

/** @param port that of a receiver outside, since a name that changes its address keeps its port. */
export async function startTrap(port: number): Promise<Trap> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).end('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n');
  }).listen(port, TRAP_ADDRESS);
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
