import { describe, expect, it } from 'vitest';
import { checkRead, checkWrite, conditionsOf } from './conditions.ts';

const current = { etag: 'abc', modifiedAtMs: Date.UTC(2026, 0, 1, 12, 0, 0, 500) };
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toUTCString();
const code = (wanted: string) => expect.objectContaining({ code: wanted });

describe('checkWrite', () => {
  it('accepts If-None-Match: * only if there is no object', () => {
    expect(() => checkWrite(undefined, { ifNoneMatch: '*' })).not.toThrow();
    expect(() => checkWrite(current, { ifNoneMatch: '*' })).toThrow(code('PreconditionFailed'));
    expect(() => checkWrite(undefined, { ifNoneMatch: '"abc"' })).toThrow(code('NotImplemented'));
  });

  it('accepts If-Match only for the current ETag', () => {
    expect(() => checkWrite(current, { ifMatch: '"abc"' })).not.toThrow();
    expect(() => checkWrite(current, { ifMatch: '"abd"' })).toThrow(code('PreconditionFailed'));
    expect(() => checkWrite(undefined, { ifMatch: '"abc"' })).toThrow(code('NoSuchKey'));
  });

  it('accepts every write without conditions', () => {
    expect(() => checkWrite(current, {})).not.toThrow();
  });
});

describe('checkRead', () => {
  it('compares dates with a resolution of one second, as HTTP does', () => {
    expect(checkRead(current, { ifModifiedSince: at(0) })).toBe('not-modified');
    expect(checkRead({ ...current, modifiedAtMs: current.modifiedAtMs + 1000 }, { ifModifiedSince: at(0) })).toBe(
      'send',
    );
    expect(checkRead(current, { ifUnmodifiedSince: at(0) })).toBe('send');
    expect(() =>
      checkRead({ ...current, modifiedAtMs: current.modifiedAtMs + 1000 }, { ifUnmodifiedSince: at(0) }),
    ).toThrow(code('PreconditionFailed'));
  });

  it('prefers ETags to dates', () => {
    expect(checkRead(current, { ifNoneMatch: '"other"', ifModifiedSince: at(30) })).toBe('send');
    expect(
      checkRead(
        { ...current, modifiedAtMs: current.modifiedAtMs + 60_000 },
        { ifMatch: '"abc"', ifUnmodifiedSince: at(0) },
      ),
    ).toBe('send');
  });

  it('finds an ETag in a list, strong or weak', () => {
    expect(checkRead(current, { ifNoneMatch: '"x", W/"abc"' })).toBe('not-modified');
  });

  it('ignores an invalid date', () => {
    expect(checkRead(current, { ifModifiedSince: 'yesterday' })).toBe('send');
  });
});

describe('conditionsOf', () => {
  it('reads headers with a prefix, for copies', () => {
    expect(conditionsOf({ 'x-amz-copy-source-if-match': '"a"', 'if-none-match': '*' }, 'x-amz-copy-source-')).toEqual({
      ifMatch: '"a"',
    });
  });
});
