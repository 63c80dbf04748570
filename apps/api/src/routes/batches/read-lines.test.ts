import { Readable } from 'node:stream';
import { setImmediate as immediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { MAX_LINE_BYTES, readLines } from './read-lines.ts';

async function read(parts: Iterable<string> | AsyncIterable<string>) {
  const lines: [number, number | null][] = [];
  const body = Readable.from(
    (async function* () {
      for await (const part of parts) yield Buffer.from(part);
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

  it('that come in pieces of one byte do not keep each piece', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const used = async () => {
      await immediate();
      collect();
      return process.memoryUsage().heapUsed;
    };
    const count = 200_000;
    let held = 0;
    const pieces = async function* () {
      const before = await used();
      for (let n = 0; n < count; n++) yield 'x';
      held = (await used()) - before;
      yield '\n';
    };
    expect(await read(pieces())).toEqual([[1, count]]);
    expect(held).toBeLessThan(5 * 2 ** 20);
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
