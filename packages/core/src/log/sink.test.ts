import { describe, expect, it } from 'vitest';
import { createLogSink, type LogSinkOptions } from './sink.ts';

const RETRY_MS = 5;
const failure = (code: string) => Object.assign(new Error(code), { code });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function start(options: Partial<LogSinkOptions> = {}) {
  let fault: Error | null = null;
  const written: string[] = [];
  const resumed: number[] = [];
  const sink = createLogSink({
    write: async (bytes) => {
      if (fault) throw fault;
      written.push(bytes.toString());
    },
    onResume: (count) => void resumed.push(count),
    retryMs: RETRY_MS,
    ...options,
  });
  return {
    sink,
    resumed,
    text: () => written.join(''),
    fail: (code: string | null) => {
      fault = code === null ? null : failure(code);
    },
  };
}

describe('the destination of the log', () => {
  it('writes lines in order', async () => {
    const { sink, text } = start();
    for (let n = 0; n < 100; n++) sink.write(`${n}\n`);
    await sink.flush(1000);
    expect(text()).toBe(Array.from({ length: 100 }, (_, n) => `${n}\n`).join(''));
    expect(sink.dropped()).toBe(0);
  });

  it.each(['ENOSPC', 'EIO', 'EDQUOT', 'EPIPE', 'EBADF'])('survives %s, counts the lines, and resumes', async (code) => {
    const { sink, text, fail, resumed } = start();
    fail(code);
    for (let n = 0; n < 3; n++) {
      sink.write('lost\n');
      await pause(RETRY_MS * 3);
    }
    expect(sink.dropped()).toBe(3);
    fail(null);
    sink.write('kept\n');
    await sink.flush(1000);
    expect([text(), resumed, sink.dropped()]).toEqual(['kept\n', [3], 3]);
  });

  it('pauses after a failure, so that a full disk costs no work', async () => {
    let attempts = 0;
    const { sink } = start({
      retryMs: 60_000,
      write: async () => {
        attempts++;
        throw failure('ENOSPC');
      },
    });
    sink.write('first\n');
    await pause(1);
    for (let n = 0; n < 1000; n++) sink.write('more\n');
    await sink.flush(1000);
    expect([attempts, sink.dropped()]).toEqual([1, 1001]);
  });

  it('keeps a limited amount for a stalled reader, and writes it later', async () => {
    const { promise: stalled, resolve: read } = Promise.withResolvers<void>();
    const { sink, resumed } = start({ write: () => stalled, maxBytes: 1000 });
    for (let n = 0; n < 1000; n++) sink.write('x'.repeat(99));
    expect(sink.dropped()).toBeGreaterThan(980);
    const startedMs = performance.now();
    await sink.flush(20);
    expect(performance.now() - startedMs).toBeLessThan(1000);
    read();
    await sink.flush(1000);
    expect(resumed).toEqual([sink.dropped()]);
  });

  it('returns the unwritten lines at the exit of the process', () => {
    const { sink } = start({ write: () => new Promise(() => {}) });
    for (const line of ['a\n', 'b\n', 'c\n']) sink.write(line);
    expect(sink.takeRest()).toBe('b\nc\n');
    expect(sink.takeRest()).toBe('');
  });
});
