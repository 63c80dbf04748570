import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { type ConnectionGuard, createConnections } from './connections.ts';

it('a connection that opens after the end is closed and carries no request', async () => {
  const socket = new Socket();
  let opened = (): void => {};
  const guard = {
    key: '',
    connectorWith: () => (_request: unknown, callback: (error: null, socket: Socket) => void) => {
      opened = () => callback(null, socket);
    },
  } as unknown as ConnectionGuard;
  const connections = createConnections(10);
  const opening = connections.open(new URL('https://hook.example.com/'), guard, new AbortController().signal);
  connections.close();
  opened();
  await expect(opening).rejects.toThrow();
  expect(socket.destroyed).toBe(true);
});
