import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { createMemoryBudget } from './budget.ts';
import { type BodyKind, watchBodies } from './watch.ts';

const transfer = { idleMs: 10_000, minBytesPerSecond: 1, totalMs: 10_000 };
const budget = createMemoryBudget(2 ** 30);

describe('a body in chunks of one byte', () => {
  let app: FastifyInstance;
  afterEach(() => app.close());

  /** Sends `count` chunks of `text` to a route that collects its body. Returns the response and the memory counted. */
  async function send(kind: BodyKind, text: string, count: number) {
    app = fastify();
    const bodies = watchBodies(app, { limits: { small: transfer, images: transfer, batch: transfer }, budget });
    app.addContentTypeParser('a/b', { parseAs: 'buffer', bodyLimit: 2 ** 26 }, async () => budget.usedBytes());
    const onRequest = async (request: Parameters<typeof bodies.reserve>[0]) => {
      if (kind === 'images') bodies.reserve(request, 2 ** 26);
    };
    app.post('/', { config: { body: kind }, onRequest }, async ({ body }) => ({ counted: body }));
    await app.listen({ port: 0, host: '127.0.0.1' });
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    let response = '';
    socket.on('data', (bytes) => {
      response += bytes;
    });
    socket.on('error', () => {});
    socket.write(
      'POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: a/b\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    const chunk = `${text.length.toString(16)}\r\n${text}\r\n`;
    socket.write(`${chunk.repeat(count)}0\r\n\r\n`);
    await once(socket, 'close');
    return { status: response.slice(9, 12), counted: Number(/"counted":(\d+)/.exec(response)?.[1]) };
  }

  it.each(['small', 'images'] as const)('counts the memory that its pieces take (%s)', async (kind) => {
    const { status, counted } = await send(kind, 'x', 10_000);
    expect(status).toBe('200');
    expect(counted).toBeGreaterThan(10_000 * 205);
    expect(budget.usedBytes()).toBe(0);
  });

  it('is refused once there are very many, although a body that is alone always fits', async () => {
    expect((await send('images', 'x', 70_000)).status).toBe('400');
    expect((await send('images', 'x'.repeat(76), 70_000)).status).toBe('200');
    expect(budget.usedBytes()).toBe(0);
  });
});
