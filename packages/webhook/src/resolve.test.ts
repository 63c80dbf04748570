import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { systemResolve, wireResolve } from './resolve.ts';

const A = 1;
const AAAA = 28;
let server: Socket | undefined;
afterEach(() => {
  server?.close();
  server = undefined;
});

/** A name server that answers A and AAAA questions from a table; `rcode` 0 without an entry means "no such record". */
async function nameServer(records: Partial<Record<number, Buffer>>, rcode = 0): Promise<string> {
  const socket = createSocket('udp4');
  server = socket;
  socket.on('message', (query, from) => {
    const end = query.indexOf(0, 12) + 5;
    const data = records[query.readUInt16BE(end - 4)];
    const head = Buffer.from(query.subarray(0, 12));
    head.writeUInt16BE(0x8180 | rcode, 2);
    head.writeUInt16BE(data ? 1 : 0, 6);
    head.writeUInt32BE(0, 8);
    const record = data && [
      Buffer.from([0xc0, 12]),
      query.subarray(end - 4, end),
      Buffer.from([0, 0, 0, 9, 0, data.length]),
      data,
    ];
    socket.send(Buffer.concat([head, query.subarray(12, end), ...(record ?? [])]), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return `127.0.0.1:${socket.address().port}`;
}

const V4 = Buffer.from([93, 184, 216, 34]);
const V6 = Buffer.from('20010db8000000000000000000000001', 'hex');

describe('wireResolve', () => {
  it('asks for both families', async () => {
    const resolve = wireResolve([await nameServer({ [A]: V4, [AAAA]: V6 })]);
    expect(await resolve('n.example.com')).toEqual(['93.184.216.34', '2001:db8::1']);
  });

  it('is content with one family', async () => {
    expect(await wireResolve([await nameServer({ [A]: V4 })])('n.example.com')).toEqual(['93.184.216.34']);
    server?.close();
    expect(await wireResolve([await nameServer({ [AAAA]: V6 })])('n.example.com')).toEqual(['2001:db8::1']);
  });

  it('reports a name without addresses, and one that does not exist, as the target being away', async () => {
    await expect(wireResolve([await nameServer({})])('n.example.com')).rejects.toMatchObject({ code: 'ENODATA' });
    server?.close();
    await expect(wireResolve([await nameServer({}, 3)])('n.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('reports a name server that is away as ours', async () => {
    const address = await nameServer({});
    const closed = once(server as Socket, 'close');
    server?.close();
    server = undefined;
    await closed;
    await expect(wireResolve([address])('n.example.com')).rejects.toMatchObject({
      code: 'webhook_resolver_unavailable',
      disposition: 'transient',
    });
  });
});

describe('systemResolve', () => {
  it('knows localhost', async () => {
    expect(await systemResolve('localhost')).toContain('127.0.0.1');
  });
});
