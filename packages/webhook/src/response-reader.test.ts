import { describe, expect, it } from 'vitest';
import { createResponseReader, MAX_INTERIM_RESPONSES, type ResponseReader } from './response-reader.ts';

const limits = { maxHeaderBytes: 16_384, maxReadBytes: 16_384, keepBytes: 4_096 };

/** Every way to cut the text into two pieces, and one byte at a time. */
function* readings(text: string): Generator<ResponseReader> {
  const bytes = Buffer.from(text, 'latin1');
  for (let cut = 0; cut <= bytes.length; cut++) {
    const reader = createResponseReader(limits);
    reader.push(bytes.subarray(0, cut));
    reader.push(bytes.subarray(cut));
    yield reader;
  }
  const slow = createResponseReader(limits);
  for (const byte of bytes) slow.push(Buffer.of(byte));
  yield slow;
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('a well-formed response', () => {
  it.each([
    ['a length', OK, 'ok'],
    [
      'chunks',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;a=b\r\no\r\n1\r\nk\r\n0\r\nx-t: 1\r\n\r\n',
      'ok',
    ],
    ['no content', 'HTTP/1.1 204 No Content\r\n\r\n', ''],
    ['an empty body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', ''],
    ['a body that begins with line ends', 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n\r\n\r\n', '\r\n\r\n'],
    ['no reason phrase', 'HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok', 'ok'],
  ])('with %s is read however it is cut, and its connection may be used again', (_what, text, body) => {
    for (const reader of readings(text)) {
      expect(reader).toMatchObject({ state: 'complete', reusable: true });
      expect(reader.kept.toString('latin1')).toBe(body);
    }
  });

  it.each([
    ['asks to close', 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'],
    ['is HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok'],
    ['is followed by further bytes', `${OK}HTTP/1.1 200 OK\r\n\r\n`],
    [
      'has two ways to find its end',
      `HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['has a line that is no header', 'HTTP/1.1 200 OK\r\nnonsense\r\ncontent-length: 2\r\n\r\nok'],
    ['repeats its length', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok'],
    ['has content where none may be', 'HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nok'],
  ])('that %s is complete, but its connection is not used again', (_what, text) => {
    for (const reader of readings(text)) expect(reader).toMatchObject({ state: 'complete', reusable: false });
  });

  it('without a length ends with the connection', () => {
    for (const reader of readings('HTTP/1.1 200 OK\r\n\r\nok')) {
      expect(reader.state).toBe('body');
      expect(reader.end()).toBe('complete');
      expect(reader.kept.toString()).toBe('ok');
    }
  });
});

describe('interim responses', () => {
  it.each([
    ['100', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['100 with headers', 'HTTP/1.1 100 Continue\r\nserver: x\r\ncontent-length: 5\r\n\r\n'],
    ['100 with a line end too many', 'HTTP/1.1 100 Continue\r\n\r\n\r\n'],
    ['101, which changes no protocol', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'],
    ['102', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['103', 'HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n'],
    ['an unknown one', 'HTTP/1.1 199 Whatever\r\n\r\n'],
    ['several', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(MAX_INTERIM_RESPONSES)],
  ])('%s before the response is skipped', (_what, interim) => {
    for (const reader of readings(interim + OK)) {
      expect(reader).toMatchObject({ state: 'complete', head: { status: 200 }, reusable: true });
    }
  });

  it('without end are refused', () => {
    const interim = 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(MAX_INTERIM_RESPONSES + 1);
    for (const reader of readings(interim + OK)) expect(reader).toMatchObject({ state: 'broken', head: undefined });
  });
});

describe('a broken body leaves the status', () => {
  it.each([
    ['shorter than its length', 'HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nok'],
    ['without its last chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n'],
    ['with a chunk size that is no number', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\nok\r\n'],
    ['with a chunk longer than its size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nok\r\n0\r\n\r\n'],
    ['with two different lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok'],
    ['with a length that is no number', 'HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\nok'],
  ])('%s', (_what, text) => {
    for (const reader of readings(text)) {
      reader.end();
      expect(reader).toMatchObject({ state: 'broken', head: { status: 200 }, reusable: false });
    }
  });
});

describe('limits and nonsense', () => {
  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['HTTP/2', 'HTTP/2 200\r\n\r\n'],
    ['an impossible status', 'HTTP/1.1 99 Odd\r\n\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(20_000)}`],
    ['a head that ends beyond the limit', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`],
  ])('%s is no response', (_what, text) => {
    const reader = createResponseReader(limits);
    expect(reader.push(Buffer.from(text))).toBe('broken');
    expect(reader.head).toBeUndefined();
  });

  it('closes an unfinished head with the connection', () => {
    const reader = createResponseReader(limits);
    reader.push(Buffer.from('HTTP/1.1 200 OK\r\nx-a: b'));
    expect(reader.end()).toBe('broken');
    expect(reader.head).toBeUndefined();
  });

  it.each([
    ['plain', 'HTTP/1.1 200 OK\r\n\r\n', 'a'],
    ['in chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\na\r\n'],
  ])('reads no more of a body than its limit, %s', (_how, head, piece) => {
    const reader = createResponseReader({ ...limits, maxReadBytes: 1_000, keepBytes: 10 });
    reader.push(Buffer.from(head));
    for (let n = 0; n < 2_000 && reader.state === 'body'; n++) reader.push(Buffer.from(piece));
    expect(reader).toMatchObject({ state: 'cut', reusable: false });
    expect(reader.kept.toString()).toBe('a'.repeat(10));
  });

  it('never throws, whatever arrives', () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    const parts = [
      'HTTP/1.1 ',
      '200',
      ' OK',
      '\r\n',
      '\n',
      'content-length: ',
      '2',
      'transfer-encoding: chunked',
      '0',
      '\0',
      'é',
    ];
    for (let run = 0; run < 5_000; run++) {
      const reader = createResponseReader({ ...limits, maxHeaderBytes: 64, maxReadBytes: 64 });
      for (let n = 0; n < 30; n++) reader.push(Buffer.from(parts[random(parts.length)]!, 'latin1'));
      reader.end();
      expect(['complete', 'cut', 'broken']).toContain(reader.state);
    }
  });
});

it.each([
  ['blanks before half of a line end', `a:${' '.repeat(2000)}\rb`],
  ['blanks inside a value', `a: b${' '.repeat(16_000)}c`],
  ['one name in thousands of lines', 'a:\r\n'.repeat(4000).trim()],
])('a hostile head with %s costs no time', (_what, lines) => {
  const startMs = performance.now();
  const reader = createResponseReader(limits);
  reader.push(Buffer.from(`HTTP/1.1 200 OK\r\n${lines}\r\ncontent-length: 0\r\n\r\n`, 'latin1'));
  expect(reader.head?.status).toBe(200);
  expect(performance.now() - startMs).toBeLessThan(1000);
});
