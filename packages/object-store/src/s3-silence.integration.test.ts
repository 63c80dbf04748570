/** Requests to a store that stops sending, at the start or in the middle of a response, fail in time. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createS3Client, s3ObjectStore } from './s3-object-store.ts';

const TIMEOUT_MS = 200;
const HALF = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf';

describe('a store that falls silent', () => {
  let server: Server;
  const sockets = new Set<Socket>();
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  /** @param says what comes of each request before the silence. */
  async function silentStore(says: string) {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('data', () => void (says && socket.write(says)));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = createS3Client({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'a', secretAccessKey: 's' },
      requestTimeoutMs: TIMEOUT_MS,
    });
    return s3ObjectStore(client, 'bucket');
  }

  it.each([
    ['before it answers', ''],
    ['in the middle of an answer', HALF],
  ])('%s', async (_when, says) => {
    const store = await silentStore(says);
    await expect(store.get('name')).rejects.toMatchObject({ code: 'store_unavailable', disposition: 'transient' });
  });

  it('when it is written to', async () => {
    const store = await silentStore('');
    await expect(store.put('name', Buffer.from('x'))).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});
