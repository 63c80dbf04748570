import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCharset, decodeUtf8 } from './index.ts';

const problemOf = (run: () => unknown) => {
  try {
    run();
    return null;
  } catch (error) {
    return error as { status: number; code: string; message: string };
  }
};
const JSON_TEXT = '{"reference":"张三-0001"}';
const utf16le = (text: string) => Buffer.from(text, 'utf16le');
const utf16be = (text: string) => utf16le(text).swap16();
const utf32le = (text: string) =>
  Buffer.concat([...text].map((one) => Buffer.from(Uint32Array.of(one.codePointAt(0)!).buffer)));
const utf32be = (text: string) => utf32le(text).swap32();

describe('text of a body', () => {
  it('is what was sent, for any UTF-8, with or without a byte-order mark', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.boolean(), (text, marked) => {
        fc.pre(!text.startsWith('\ufeff') && !text.slice(0, 4).includes('\0'));
        expect(decodeUtf8(Buffer.from(`${marked ? '\ufeff' : ''}${text}`))).toBe(text);
      }),
    );
  });

  it.each([
    ['GBK', Buffer.from([0x7b, 0xd5, 0xc5, 0x7d])],
    ['Latin-1', Buffer.from('{"a":"é"}', 'latin1')],
    ['a character cut off', Buffer.from('张').subarray(0, 2)],
    ['an overlong form', Buffer.from([0xc0, 0xaf])],
    ['a surrogate', Buffer.from([0xed, 0xa0, 0x80])],
  ])('in %s is refused', (_what, bytes) => {
    expect(problemOf(() => decodeUtf8(bytes))).toMatchObject({ status: 400, code: 'malformed_body' });
    expect(problemOf(() => decodeUtf8(bytes))!.message).toContain('not UTF-8');
  });

  it.each([
    ['UTF-16', utf16le(`\ufeff${JSON_TEXT}`)],
    ['UTF-16', utf16be(`\ufeff${JSON_TEXT}`)],
    ['UTF-16', utf16le(JSON_TEXT)],
    ['UTF-16', utf16be(JSON_TEXT)],
    ['UTF-32', utf32le(`\ufeff${JSON_TEXT}`)],
    ['UTF-32', utf32be(`\ufeff${JSON_TEXT}`)],
    ['UTF-32', utf32le(JSON_TEXT)],
    ['UTF-32', utf32be(JSON_TEXT)],
  ])('in %s is refused by that name', (name, bytes) => {
    expect(problemOf(() => decodeUtf8(bytes, 'The line'))!.message).toBe(`The line is ${name}. Send it as UTF-8.`);
  });
});

describe('a charset', () => {
  it.each([undefined, 'application/json', 'application/json; charset=UTF-8', 'text/x; charset="utf8"', ';', 'x'])(
    'is read from %j',
    (type) => expect(problemOf(() => checkCharset(type))).toBeNull(),
  );

  it.each(['application/json; charset=GBK', 'application/json;charset="utf-16"', 'text/x; charset=iso-8859-1'])(
    'is refused in %j',
    (type) => expect(problemOf(() => checkCharset(type))).toMatchObject({ status: 415 }),
  );
});
