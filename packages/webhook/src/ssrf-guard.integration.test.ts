import { readFileSync } from 'node:fs';
import { createServer as createHttp, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, BlockList, Socket } from 'node:net';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { buildConnector } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { cidrRanges, isPublicAddress } from './address.ts';
import { createWebhookSender } from './send.ts';
import { createTargetGuard, type TargetGuardOptions } from './ssrf-guard.ts';

interface Corpus {
  urls: { url: string; why: string }[];
  dns: { name: string; answers: string[][]; why: string }[];
}
const file = new URL('../../../test/vectors/ssrf.json', import.meta.url);
const corpus = JSON.parse(readFileSync(file, 'utf8')) as Corpus;
/** A key and its self-signed certificate for hook.example.com, made for these tests alone. */
const pem = (kind: 'key' | 'cert') =>
  readFileSync(new URL(`../../../test/vectors/tls/hook.example.com.${kind}.pem`, import.meta.url));
const pair = { key: pem('key'), cert: pem('cert') };
const LOOPBACK = '127.0.0.0/8,::1/128';

const sockets = vi.spyOn(Socket.prototype, 'connect');
afterEach(() => sockets.mockClear());

/** Sends once through a guard, over the real network stack unless `dial` is given. */
async function sendOnce(url: string, options: Partial<TargetGuardOptions> = {}) {
  const guard = createTargetGuard({ allowTargets: '', production: true, ...options });
  const sender = createWebhookSender({ guard });
  try {
    return await sender.send({ url, headers: {}, body: Buffer.from('{}'), deadlineMs: 5_000 });
  } finally {
    sender.close();
  }
}

/** The connector alone, as if a caller had forgotten `checkUrl`. */
function connectOnce(url: string, options: Partial<TargetGuardOptions> = {}): Promise<Error | null> {
  const guard = createTargetGuard({ allowTargets: '', production: true, ...options });
  const { protocol, hostname, port } = new URL(url);
  const plain = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    guard.connector(
      { protocol, hostname: plain, host: hostname, port },
      (...[error]: Parameters<buildConnector.Callback>) => resolve(error),
    );
  });
}

describe('the corpus', () => {
  it('is large enough', () => {
    expect(corpus.urls.length + corpus.dns.length).toBeGreaterThanOrEqual(150);
  });

  // A name that slipped through would be looked up: that it would find a public address must not save the guard.
  const resolve = async () => ['93.184.216.34'];

  it.each(corpus.urls)('$why: $url', async ({ url }) => {
    expect(await sendOnce(url, { resolve })).toEqual({ class: 'target_refused', latencyMs: expect.any(Number) });
    expect(sockets).not.toHaveBeenCalled();
  });

  it('is refused by the connector too, where its address or name is the reason', async () => {
    const parsed = corpus.urls.filter(({ url }) => /^https?:\/\/[^@#\\]+$/.test(url) && URL.canParse(url));
    expect(parsed.length).toBeGreaterThan(100);
    for (const { url } of parsed) {
      const literalOrBad = await connectOnce(url, { resolve: async () => ['127.0.0.1'] });
      expect(literalOrBad, url).toMatchObject({ code: 'webhook_target_refused' });
    }
    expect(sockets).not.toHaveBeenCalled();
  });

  it.each(corpus.dns)('DNS, $why: $name', async ({ name, answers }) => {
    const dialled: string[] = [];
    const dial: buildConnector.connector = (request, callback) => {
      dialled.push(request.hostname);
      callback(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), null);
    };
    let lookups = 0;
    const resolve = async () => answers[Math.min(lookups++, answers.length - 1)] as string[];
    const guard = createTargetGuard({ allowTargets: '', production: true, resolve, dial });
    const sender = createWebhookSender({ guard });
    const classes: string[] = [];
    for (const _ of answers) {
      classes.push((await sender.send({ url: `https://${name}/`, headers: {}, body: Buffer.from('') })).class);
    }
    sender.close();
    expect(lookups, 'one lookup per connection').toBe(answers.length);
    expect(classes.at(-1)).toBe('target_refused');
    expect(dialled).toEqual(answers.slice(0, -1).flat());
    expect(sockets).not.toHaveBeenCalled();
  });

  it('says neither address nor name in its error', async () => {
    const error = await connectOnce('https://n.example.com/', { resolve: async () => ['10.9.8.7'] });
    expect(error).toMatchObject({ code: 'webhook_target_refused', fields: { rule: 'address' } });
    expect(`${error?.stack} ${JSON.stringify(error)}`).not.toMatch(/10\.9\.8\.7|n\.example/);
  });
});

describe('development ranges', () => {
  it.each([
    'https://10.0.0.1/',
    'http://169.254.169.254/',
    'http://93.184.216.34/',
    'http://[::ffff:127.0.0.1]/',
    'http://[fe80::1]/',
  ])('open nothing outside: %s', async (url) => {
    expect((await sendOnce(url, { allowTargets: LOOPBACK, production: false })).class).toBe('target_refused');
    expect(sockets).not.toHaveBeenCalled();
  });

  it.each([
    ['http://n.example.com/', '93.184.216.34'],
    ['https://n.example.com:8443/', '93.184.216.34'],
    ['https://redis/', '93.184.216.34'],
    ['http://localhost/', '10.0.0.1'],
  ])('%s that resolves to %s stays refused', async (url, address) => {
    const options = { allowTargets: LOOPBACK, production: false, resolve: async () => [address] };
    expect((await sendOnce(url, options)).class).toBe('target_refused');
    expect(sockets).not.toHaveBeenCalled();
  });

  it.each([
    ['127.0.0.0/33', false],
    ['127.1/8', false],
    ['::1/129', false],
    ['localhost/8', false],
    ['10.0.0.0/8/8', false],
    ['::1%lo/128', false],
    ['https://hook.bank.internal', false],
    ['hook.bank.internal:0', false],
    ['hook.bank.internal:65536', false],
    ['*.bank.internal', false],
    ['user@hook.bank.internal', false],
    [LOOPBACK, true],
    ['localhost:8443', true],
    ['[::1]:8443', true],
    ['169.254.169.254', true],
    ['100.100.100.200/32', true],
    ['168.63.129.16:443', true],
    ['fd00:ec2::254', true],
    ['fe80::/10', true],
    ['0.0.0.0/0', true],
  ])('%s is refused at start (production: %s)', (allowTargets, production) => {
    expect(() => createTargetGuard({ allowTargets, production })).toThrow('webhook_target_entry_invalid');
  });
});

describe('a list in production', () => {
  /** Answers every name with `address`, and records what would be dialled. */
  async function reach(
    url: string,
    address: string,
    { installation, tenant = installation.split(',') }: { installation: string; tenant?: string[] },
  ) {
    const dialled: string[] = [];
    const dial: buildConnector.connector = (request, callback) => {
      dialled.push(`${request.hostname}:${request.port}`);
      callback(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), null);
    };
    const resolve = async () => [address];
    const guard = createTargetGuard({ allowTargets: installation, production: true, resolve, dial });
    const sender = createWebhookSender({ guard });
    const result = await sender.send({ url, targets: tenant, headers: {}, body: Buffer.from('{}') });
    sender.close();
    expect(sockets).not.toHaveBeenCalled();
    return result.class === 'target_refused' ? 'refused' : dialled.join(' ');
  }

  it.each([
    ['a range, any port', '10.1.0.0/16', 'https://hook.example.com:8443/', '10.1.2.3', '10.1.2.3:8443'],
    ['a range and a private name', '10.1.0.0/16', 'https://hook.bank.internal/', '10.1.2.3', '10.1.2.3:443'],
    ['a literal address in a range', '10.1.0.0/16', 'https://10.1.2.3/', '10.1.2.3', '10.1.2.3:443'],
    ['a range of IPv6', 'fd12::/16', 'https://hook.bank.internal/', 'fd12::1', 'fd12::1:443'],
    ['a host, any port', 'hook.bank.internal', 'https://hook.bank.internal:8443/', '10.9.9.9', '10.9.9.9:8443'],
    ['a host in capitals', 'Hook.Bank.Internal', 'https://hook.bank.internal/', '10.9.9.9', '10.9.9.9:443'],
    ['a host without a dot', 'hooks', 'https://hooks/', '192.168.3.4', '192.168.3.4:443'],
    ['a host and its port', 'hook.bank.internal:8443', 'https://hook.bank.internal:8443/', '10.9.9.9', '10.9.9.9:8443'],
    ['port 443 by number', 'hook.bank.internal:443', 'https://hook.bank.internal/', '10.9.9.9', '10.9.9.9:443'],
    ['an address and its port', '10.1.2.3:8443', 'https://10.1.2.3:8443/', '10.1.2.3', '10.1.2.3:8443'],
    ['an IPv6 address and its port', '[fd12::1]:8443', 'https://[fd12::1]:8443/', 'fd12::1', 'fd12::1:8443'],
    ['a name with _', 'foo_bar.bank.internal', 'https://foo_bar.bank.internal/', '10.9.9.9', '10.9.9.9:443'],
    ['a public host on a port', 'hook.example.com:8443', 'https://hook.example.com:8443/', '8.8.4.4', '8.8.4.4:8443'],
  ])('opens %s', async (_what, installation, url, address, dialled) => {
    expect(await reach(url, address, { installation })).toBe(dialled);
  });

  it.each([
    ['an address outside the range', '10.1.0.0/16', 'https://hook.bank.internal/', '10.2.0.1'],
    ['a literal outside the range', '10.1.0.0/16', 'https://10.2.0.1/', '10.2.0.1'],
    ['another port of the host', 'hook.bank.internal:8443', 'https://hook.bank.internal/', '10.9.9.9'],
    ['another host', 'hook.bank.internal', 'https://other.bank.internal/', '10.9.9.9'],
    ['a host below the host', 'bank.internal', 'https://hook.bank.internal/', '10.9.9.9'],
    ['plain http', '10.1.0.0/16', 'http://hook.bank.internal/', '10.1.2.3'],
    ['a host on the loopback', 'hook.bank.internal', 'https://hook.bank.internal/', '127.0.0.1'],
    ['a host on IPv6 loopback', 'hook.bank.internal', 'https://hook.bank.internal/', '::1'],
    ['a host on a mapped loopback', 'hook.bank.internal', 'https://hook.bank.internal/', '::ffff:127.0.0.1'],
    ['a host on link-local', 'hook.bank.internal', 'https://hook.bank.internal/', '169.254.169.254'],
    ['a host on IPv6 link-local', 'hook.bank.internal', 'https://hook.bank.internal/', 'fe80::1'],
    ['a host on Alibaba metadata', 'hook.bank.internal', 'https://hook.bank.internal/', '100.100.100.200'],
    ['a host on Azure metadata', 'hook.bank.internal', 'https://hook.bank.internal/', '168.63.129.16'],
    ['a host on AWS metadata by IPv6', 'hook.bank.internal', 'https://hook.bank.internal/', 'fd00:ec2::254'],
    ['a host on documentation space', 'hook.bank.internal', 'https://hook.bank.internal/', '192.0.2.1'],
    ['metadata inside a listed range', '100.64.0.0/10', 'https://100.100.100.200/', '100.100.100.200'],
    ['Azure inside a listed range', '168.0.0.0/8', 'https://168.63.129.16/', '168.63.129.16'],
    ['loopback inside a listed range', '64.0.0.0/2', 'https://hook.bank.internal/', '127.0.0.1'],
    ['AWS metadata inside unique local', 'fc00::/7', 'https://[fd00:ec2::254]/', 'fd00:ec2::254'],
  ])('opens nothing else: %s', async (_what, installation, url, address) => {
    expect(await reach(url, address, { installation })).toBe('refused');
  });

  it.each([
    ['no entry', []],
    ['another host', ['other.bank.internal']],
    ['another port', ['hook.bank.internal:8443']],
    ['another range', ['10.2.0.0/16']],
    ['an entry that cannot be read', ['hook.*.internal']],
  ])('opens nothing to a tenant whose list has %s', async (_what, tenant) => {
    for (const url of ['https://hook.bank.internal/', 'https://10.1.2.3/']) {
      expect(await reach(url, '10.1.2.3', { installation: '10.1.0.0/16,hook.bank.internal', tenant })).toBe('refused');
    }
  });

  it('bounds the list of a tenant', async () => {
    const lists = { installation: '10.1.0.0/16', tenant: ['10.0.0.0/8', 'hook.bank.internal'] };
    expect(await reach('https://hook.bank.internal/', '10.2.0.1', lists)).toBe('refused');
    expect(await reach('https://hook.bank.internal/', '10.1.0.1', lists)).toBe('10.1.0.1:443');
  });

  it('refuses a name when one of several answers is not on it', async () => {
    const dial = vi.fn();
    const resolve = async () => ['10.1.2.3', '10.2.0.1'];
    const options = { allowTargets: '10.1.0.0/16', production: true, resolve, dial };
    const sender = createWebhookSender({ guard: createTargetGuard(options) });
    const request = {
      url: 'https://hook.bank.internal/',
      targets: ['10.1.0.0/16'],
      headers: {},
      body: Buffer.from(''),
    };
    expect((await sender.send(request)).class).toBe('target_refused');
    expect(dial).not.toHaveBeenCalled();
  });
});

describe('outside production', () => {
  it('only the loopback needs no list of the tenant', async () => {
    const guard = createTargetGuard({ allowTargets: `${LOOPBACK},10.1.0.0/16`, production: false });
    expect(guard.checkUrl('http://127.0.0.1:8080/').port).toBe('8080');
    expect(() => guard.checkUrl('http://10.1.2.3/')).toThrow('webhook_target_refused');
    expect(guard.forTenant(['10.1.0.0/16']).checkUrl('http://10.1.2.3/').hostname).toBe('10.1.2.3');
  });
});

describe('an allowed target', () => {
  let http: Server;
  let https: ReturnType<typeof createHttps>;
  let seen: { host: string | undefined; servername: unknown }[] = [];

  beforeAll(async () => {
    const answer: Parameters<typeof createHttp>[1] = (request, response) => {
      seen.push({ host: request.headers.host, servername: (request.socket as { servername?: unknown }).servername });
      response.end('ok');
    };
    http = createHttp(answer);
    https = createHttps({ key: pair.key, cert: pair.cert }, answer);
    for (const server of [http, https]) await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  });
  afterAll(() => {
    for (const server of [http, https]) server.close();
  });
  afterEach(() => {
    seen = [];
  });
  const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;
  const dev = { allowTargets: LOOPBACK, production: false };
  const resolve = async () => ['127.0.0.1'];

  it('by http, literal and name', async () => {
    const port = portOf(http);
    for (const host of ['127.0.0.1', 'localhost', '2130706433']) {
      expect(await sendOnce(`http://${host}:${port}/`, { ...dev, resolve })).toMatchObject({ class: 'delivered' });
    }
    expect(seen.map(({ host }) => host)).toEqual([`127.0.0.1:${port}`, `localhost:${port}`, `127.0.0.1:${port}`]);
  });

  it('by https, dialled by address, with the name in SNI, Host and certificate check', async () => {
    const port = portOf(https);
    const url = `https://hook.example.com:${port}/`;
    expect(await sendOnce(url, { ...dev, resolve, tls: { ca: pair.cert } })).toMatchObject({
      class: 'delivered',
      status: 200,
    });
    expect(seen).toEqual([{ host: `hook.example.com:${port}`, servername: 'hook.example.com' }]);
  });

  it('by https only with a certificate for its name, from a known authority', async () => {
    const port = portOf(https);
    const other = `https://other.example.com:${port}/`;
    expect((await sendOnce(other, { ...dev, resolve, tls: { ca: pair.cert } })).class).toBe('tls');
    expect((await sendOnce(`https://hook.example.com:${port}/`, { ...dev, resolve })).class).toBe('tls');
    expect(seen).toEqual([]);
  });

  it('goes on to the next address when the first does not answer', async () => {
    // No server listens on 127.0.0.2 at this port: the server is bound to 127.0.0.1 alone.
    const options = { ...dev, resolve: async () => ['127.0.0.2', '127.0.0.1'] };
    expect((await sendOnce(`http://localhost:${portOf(http)}/`, options)).class).toBe('delivered');
  });

  it('keeps no body that a private target sends, and shares no connection between tenants', async () => {
    const port = portOf(https);
    const url = `https://hook.example.com:${port}/`;
    // The name resolves to a private address; the test dials the loopback instead.
    const dialled: string[] = [];
    const real = buildConnector({ ca: pair.cert });
    const dial: buildConnector.connector = (request, callback) => {
      dialled.push(request.hostname);
      real({ ...request, hostname: '127.0.0.1' }, callback);
    };
    const options = { allowTargets: '10.1.0.0/16', production: true, resolve: async () => ['10.1.2.3'], dial };
    const sender = createWebhookSender({ guard: createTargetGuard(options) });
    const send = (targets: string[]) => sender.send({ url, targets, headers: {}, body: Buffer.from('{}') });
    expect(await send(['10.1.0.0/16'])).toEqual({ class: 'delivered', status: 200, latencyMs: expect.any(Number) });
    // The connection of the first tenant is still open.
    expect((await send([])).class).toBe('target_refused');
    expect(await send(['10.1.2.0/24'])).toMatchObject({ class: 'delivered' });
    expect(dialled).toEqual(['10.1.2.3', '10.1.2.3']);
    sender.close();
  });

  it('trusts its own authority in addition to the usual ones, and shows a client certificate', async () => {
    const mutual = createHttps({ ...pair, ca: pair.cert, requestCert: true, rejectUnauthorized: true }, (_, response) =>
      response.end('ok'),
    );
    await new Promise<void>((done) => void mutual.listen(0, '127.0.0.1', done));
    const url = `https://hook.example.com:${portOf(mutual)}/`;
    const shown = { ca: pair.cert, cert: pair.cert, key: pair.key };
    expect((await sendOnce(url, { ...dev, resolve, tls: shown })).class).toBe('delivered');
    expect((await sendOnce(url, { ...dev, resolve, tls: { ca: pair.cert } })).class).not.toBe('delivered');
    mutual.close();
  });

  it('may have another port on the list in production', () => {
    const guard = createTargetGuard({ allowTargets: '', production: true, allowPorts: [8443] });
    expect(guard.checkUrl('https://hook.example.com:8443/a?b=c').href).toBe('https://hook.example.com:8443/a?b=c');
    expect(guard.checkUrl('https://hook.example.com/').href).toBe('https://hook.example.com/');
    expect(guard.checkUrl('https://93.184.216.34/').hostname).toBe('93.184.216.34');
    expect(guard.checkUrl('https://[2606:4700::1]/').hostname).toBe('[2606:4700::1]');
  });
});

describe('isPublicAddress, against ipaddr.js', () => {
  const v4 = fc.ipV4();
  it('allows nothing that ipaddr.js calls special, and nothing that is not an address', () => {
    fc.assert(
      fc.property(fc.oneof(v4, fc.ipV6()), (text) => {
        if (!isPublicAddress(text)) return;
        expect(ipaddr.process(text).range()).toBe('unicast');
      }),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.string(), (text) => !isPublicAddress(text) || ipaddr.isValid(text)));
  });

  it('keeps every edge of every refused IPv4 range, and lets the neighbours of most through', () => {
    const edges = ['9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0'];
    const more = ['172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0', '223.255.255.255', '168.63.129.15'];
    for (const address of [...edges, ...more]) expect(isPublicAddress(address), address).toBe(true);
  });

  it('matches ranges as plain arithmetic does', () => {
    fc.assert(
      fc.property(v4, v4, fc.integer({ min: 0, max: 32 }), (base, address, bits) => {
        const number = (text: string) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
        const size = 2 ** (32 - bits);
        const inside = Math.floor(number(base) / size) === Math.floor(number(address) / size);
        expect(cidrRanges([`${base}/${bits}`]).has(address)).toBe(inside);
      }),
    );
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 128n - 1n), fc.integer({ min: 0, max: 128 }), fc.nat(127), (base, bits, flip) => {
        const text = (n: bigint) => (n.toString(16).padStart(32, '0').match(/.{4}/g) as string[]).join(':');
        const address = base ^ (1n << BigInt(flip));
        const shift = BigInt(128 - bits);
        expect(cidrRanges([`${text(base)}/${bits}`]).has(text(address))).toBe(base >> shift === address >> shift);
      }),
    );
  });

  it('knows that a mixed BlockList is the trap that cidrRanges avoids', () => {
    const mixed = new BlockList();
    mixed.addSubnet('127.0.0.0', 8, 'ipv4');
    expect(mixed.check('::ffff:127.0.0.1', 'ipv6')).toBe(true);
    expect(cidrRanges(['127.0.0.0/8']).has('::ffff:127.0.0.1')).toBe(false);
  });
});
