/**
 * Where log lines go: a file descriptor, usually stdout. A full disk, a reader that is gone or one that is too slow
 * never ends the process and never blocks it: lines are dropped and counted until writing succeeds again.
 */
import { fstatSync, write, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';

export interface LogSink {
  /** One line with its end. Never throws and never blocks. */
  write(line: string): void;
  /** Lines that were dropped since the start. */
  dropped(): number;
  /** Removes and returns the lines whose writing has not begun, for the exit of the process. */
  takeRest(): string;
  /** Resolves when everything is written, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
}

/** Writes all of `bytes`, or rejects. */
export type WriteBytes = (bytes: Buffer) => Promise<void>;

export interface LogSinkOptions {
  write: WriteBytes;
  /** Called when lines are written again, with the number that was dropped meanwhile. */
  onResume?: (dropped: number) => void;
  /** The most bytes that wait in memory. Beyond it the newest lines are dropped. */
  maxBytes?: number;
  retryMs?: number;
}

const MAX_BYTES = 1024 * 1024;
const RETRY_MS = 1000;

export function createLogSink(options: LogSinkOptions): LogSink {
  const { write: writeBytes, onResume, maxBytes = MAX_BYTES, retryMs = RETRY_MS } = options;
  let waiting: string[] = [];
  let waitingBytes = 0;
  let dropped = 0;
  let reported = 0;
  let writing: Promise<void> | null = null;
  /** After a failure nothing is written before this time. */
  let failedUntilMs = 0;

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      waitingBytes = 0;
      try {
        await writeBytes(Buffer.from(lines.join('')));
      } catch {
        // A part may have been written. A second attempt would repeat lines.
        dropped += lines.length + waiting.length;
        waiting = [];
        waitingBytes = 0;
        failedUntilMs = performance.now() + retryMs;
        return;
      }
      if (dropped > reported) resume();
    }
  }

  function resume(): void {
    const count = dropped - reported;
    reported = dropped;
    onResume?.(count);
  }

  return {
    write(line) {
      if (performance.now() < failedUntilMs || waitingBytes + line.length > maxBytes) {
        dropped++;
        return;
      }
      waiting.push(line);
      waitingBytes += line.length;
      writing ??= writeAll().finally(() => {
        writing = null;
      });
    },
    dropped: () => dropped,
    takeRest() {
      const rest = waiting.join('');
      waiting = [];
      waitingBytes = 0;
      return rest;
    },
    async flush(timeoutMs) {
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, timeoutMs);
      await Promise.race([writing, late.promise]);
      clearTimeout(timer);
    },
  };
}

const STDOUT = 1;

/**
 * Files and terminals are written through the thread pool. A pipe or socket whose reader stalls would block a thread
 * there for ever, so those are written through Node's stream, by the event loop.
 */
export function writeToStdout(): WriteBytes {
  const stat = statOf(STDOUT);
  if (stat?.isFIFO() || stat?.isSocket()) return writeToStream(process.stdout);
  return (bytes) => writeToFile(STDOUT, bytes);
}

/** Writes the remaining lines at the exit of the process, to files only: a write to a pipe may block. */
export function writeLast(text: string): void {
  try {
    if (text !== '' && statOf(STDOUT)?.isFile()) writeSync(STDOUT, text);
  } catch {
    // The lines are lost. The process ends, so it cannot count them.
  }
}

function statOf(fd: number) {
  try {
    return fstatSync(fd);
  } catch {
    return null;
  }
}

function writeToStream(stream: Writable): WriteBytes {
  stream.on('error', () => {});
  return (bytes) =>
    new Promise((resolve, reject) => {
      stream.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
}

async function writeToFile(fd: number, bytes: Buffer): Promise<void> {
  for (let rest = bytes; rest.length > 0; ) {
    const count = await writeOnce(fd, rest);
    rest = rest.subarray(count);
  }
}

function writeOnce(fd: number, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, (error, count) => {
      if (error?.code === 'EAGAIN') return void setTimeout(resolve, 100, 0);
      if (error) reject(error);
      else resolve(count);
    });
  });
}
