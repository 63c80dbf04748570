import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { MAX_LINE_BYTES, readLines } from './read-lines.ts';

async function read(parts: Iterable<string>) {
  const lines: [number, number | null][] = [];
  const body = Readable.from(
    (function* () {
      for (const part of parts) yield Buffer.from(part);
    })(),
  );
  for await (const { line, bytes } of readLines(body)) lines.push([line, bytes?.length ?? null]);
  return lines;
}

describe('the lines of a batch', () => {
  it('have numbers, and blank ones count but are left out', async () => {
    expect(await read(['a\n', '\n  \r\n', 'bb\nc', 'cc'])).toEqual([
      [1, 1],
      [4, 2],
      [5, 3],
    ]);
  });

  it('over the limit lose their bytes and not their number, wherever they are', async () => {
    const long = 'x'.repeat(MAX_LINE_BYTES + 1);
    expect(await read([`${long}\na\n${long}\n${long.slice(1)}\n${long}`])).toEqual([
      [1, null],
      [2, 1],
      [3, null],
      [4, MAX_LINE_BYTES],
      [5, null],
    ]);
  });

  it('of half a gigabyte hold no more than the limit', async () => {
    const part = 'x'.repeat(MAX_LINE_BYTES);
    let most = 0;
    const endless = function* () {
      for (let n = 0; n < 512; n++) {
        if (n % 64 === 0) {
          (globalThis as { gc?: () => void }).gc?.();
          most = Math.max(most, process.memoryUsage().arrayBuffers);
        }
        yield part;
      }
      yield '\nend';
    };
    expect(await read(endless())).toEqual([
      [1, null],
      [2, 3],
    ]);
    expect(most).toBeLessThan(300 * 2 ** 20);
  });
});
