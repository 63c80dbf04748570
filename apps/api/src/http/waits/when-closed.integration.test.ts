import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, it } from 'vitest';
import { whenClosed } from './when-closed.ts';

/** A response on whose request the client has given up or not. */
async function requested(giveUp: boolean, use: (response: ServerResponse) => void): Promise<void> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  if (giveUp) {
    client.destroy();
    await once(response, 'close');
  }
  use(response);
  if (!giveUp) {
    response.end();
    await once(response, 'close');
  }
  client.destroy();
  server.close();
}

it.each([
  ['is closed later', false],
  ['was closed before', true],
])('runs the work once when the response %s', async (_what, giveUp) => {
  let runs = 0;
  await requested(giveUp, (response) => whenClosed(response, () => void runs++));
  expect(runs).toBe(1);
});
