import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { hasDotSegment, isAllowedSource, openObjectSources } from './object-sources.ts';

describe('the list of places that images may be read from', () => {
  const allows = (prefix: string, key: string) => isAllowedSource({ bucket: 'b', key }, [{ bucket: 'b', prefix }]);

  it.each([
    ['inbox/acme', 'inbox/acme/1.jpg', true],
    ['inbox/acme', 'inbox/acme', true],
    ['inbox/acme', 'inbox/acme-rival/1.jpg', false],
    ['inbox/acme', 'inbox/acme.jpg', false],
    ['inbox/acme', 'inbox/acm', false],
    ['inbox/acme/', 'inbox/acme/1.jpg', true],
    ['inbox/acme/', 'inbox/acme', false],
    ['inbox/acme/', 'inbox/acme-rival/1.jpg', false],
    ['', 'anything/1.jpg', true],
    ['/', '/1.jpg', true],
    ['/', '1.jpg', false],
    ['inbox/acme', 'inbox/acme/../rival/1.jpg', false],
    ['inbox/acme', 'inbox/acme/..', false],
    ['inbox/acme', 'inbox/acme/./1.jpg', false],
    ['inbox/acme', 'inbox/acme/..\\rival\\1.jpg', false],
    ['inbox/acme', 'inbox/acme/..hidden/1.jpg', true],
    ['inbox/acme', '../b/inbox/acme/1.jpg', false],
    ['', '../other-bucket/1.jpg', false],
    ['', '', false],
  ])('%j allows %j: %s', (prefix, key, expected) => {
    expect(allows(prefix, key)).toBe(expected);
  });

  it('never reaches beyond the prefix, however a store resolves the path', () => {
    const text = (...more: string[]) =>
      fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '-', ...more), maxLength: 12 });
    fc.assert(
      fc.property(text(), text('\\'), (start, rest) => {
        const prefix = `a${start}`;
        const key = prefix + rest;
        if (hasDotSegment(prefix) || !allows(prefix, key)) return;
        const resolved = new URL(key, 'http://store/').pathname;
        const root = new URL(prefix.replace(/\/+$/, ''), 'http://store/').pathname;
        expect(resolved === root || resolved.startsWith(`${root}/`)).toBe(true);
      }),
    );
  });

  it('holds the bucket to its name', () => {
    expect(isAllowedSource({ bucket: 'c', key: 'x' }, [{ bucket: 'b', prefix: '' }])).toBe(false);
    expect(isAllowedSource({ bucket: 'b', key: 'x' }, [])).toBe(false);
  });
});

describe('reading an object of a customer', () => {
  let server: Server;
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  const source = { bucket: 'customer', key: 'inbox/1.jpg' };

  async function sourcesOf(listener: RequestListener, limits = {}) {
    server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const settings = {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    };
    return openObjectSources(settings, limits);
  }
  const connections = () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
  const oversized: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-length': 50_000_000 });
    response.write(Buffer.alloc(1000));
  };

  it('gives the bytes, of the version that is named', async () => {
    const urls: string[] = [];
    const sources = await sourcesOf((request, response) => {
      urls.push(request.url!);
      response.end('image');
    });
    expect(String(await sources.read({ ...source, version_id: 'v/1' }, 10))).toBe('image');
    expect(urls[0]).toContain('versionId=v%2F1');
  });

  it('lets go of 128 oversized objects at once, and uses few connections for them', async () => {
    let most = 0;
    const sources = await sourcesOf((request, response) => {
      void connections().then((count) => {
        most = Math.max(most, count);
      });
      oversized(request, response);
    });
    const startedAtMs = performance.now();
    const reads = Array.from({ length: 128 }, () => sources.read(source, 1000));
    const ends = await Promise.allSettled(reads);
    expect(ends.map((end) => end.status === 'rejected' && end.reason.code)).toEqual(
      Array(128).fill('source_unavailable'),
    );
    expect(performance.now() - startedAtMs).toBeLessThan(5000);
    expect(most).toBeLessThanOrEqual(32);
    await expect.poll(connections).toBe(0);
  });

  it('stops at the limit when the length is not announced', async () => {
    let sent = 0;
    const sources = await sourcesOf((_request, response) => {
      response.on('error', () => {});
      const write = () => {
        while (!response.destroyed && sent < 500_000_000 && response.write(Buffer.alloc(65_536))) sent += 65_536;
      };
      response.on('drain', write);
      write();
    });
    await expect(sources.read(source, 1_000_000)).rejects.toMatchObject({ code: 'source_unavailable' });
    await expect.poll(connections).toBe(0);
    expect(sent).toBeLessThan(50_000_000);
  });

  it('gives up a body that does not end in time, and lets go of it', async () => {
    const sources = await sourcesOf(
      async (_request, response) => {
        response.writeHead(200, { 'content-length': 1000 });
        while (!response.destroyed) {
          response.write('x');
          await delay(20);
        }
      },
      { deadlineMs: 300 },
    );
    await expect(sources.read(source, 1000)).rejects.toMatchObject({
      code: 'source_unreachable',
      disposition: 'transient',
    });
    await expect.poll(connections).toBe(0);
  });

  it.each([
    [404, 'NoSuchKey', 'source_unavailable'],
    [404, 'NoSuchVersion', 'source_unavailable'],
    [403, 'AccessDenied', 'source_unavailable'],
    [301, 'PermanentRedirect', 'source_unavailable'],
    [403, 'RequestTimeTooSkewed', 'source_unreachable'],
    [400, 'ExpiredToken', 'source_unreachable'],
    [429, 'TooManyRequests', 'source_unreachable'],
    [503, 'SlowDown', 'source_unreachable'],
  ])('takes %i %s for %s', async (status, code, expected) => {
    const sources = await sourcesOf((_request, response) => {
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(`<Error><Code>${code}</Code><Message>No.</Message></Error>`);
    });
    await expect(sources.read(source, 1000)).rejects.toMatchObject({ code: expected });
  });
});
