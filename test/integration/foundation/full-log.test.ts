/** A process whose stdout cannot be written continues, waits for no write, and reports the lost lines. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const WRITER = new URL('../../support/log-writer.ts', import.meta.url).pathname;
const RUN_MS = 1000;
/** A pause that an event loop under the load of other tests can have; a blocked write lasts for ever. */
const BLOCKED_MS = 5000;

function start(stdout: number | 'pipe'): ChildProcess {
  return spawn(process.execPath, [WRITER, String(RUN_MS)], { stdio: ['ignore', stdout, 'pipe'] });
}

async function reportOf(child: ChildProcess): Promise<{ longestMs: number; dropped: number }> {
  let text = '';
  child.stderr!.on('data', (part) => {
    text += part;
  });
  const [code, signal] = await once(child, 'close');
  expect([code, signal]).toEqual([0, null]);
  return JSON.parse(text);
}

describe('a process whose stdout', () => {
  it('is a full disk goes on', async () => {
    const report = await reportOf(start(openSync('/dev/full', 'w')));
    expect(report.dropped).toBeGreaterThan(0);
    expect(report.longestMs).toBeLessThan(BLOCKED_MS);
  });

  it('is a pipe without a reader goes on', async () => {
    const child = start('pipe');
    child.stdout!.destroy();
    expect((await reportOf(child)).dropped).toBeGreaterThan(0);
  });

  it('is a pipe whose reader stalls goes on, and ends in time', async () => {
    const child = start('pipe');
    child.stdout!.pause();
    const startedMs = performance.now();
    child.once('exit', () => child.stdout!.destroy());
    const report = await reportOf(child);
    expect(report.dropped).toBeGreaterThan(0);
    expect(report.longestMs).toBeLessThan(BLOCKED_MS);
    expect(performance.now() - startedMs).toBeLessThan(RUN_MS + 2 * BLOCKED_MS);
  });

  it('is read has every line there', async () => {
    const child = start('pipe');
    let lines = 0;
    child.stdout!.on('data', (part: Buffer) => {
      for (const byte of part) if (byte === 10) lines++;
    });
    expect((await reportOf(child)).dropped).toBe(0);
    expect(lines % 200).toBe(0);
    expect(lines).toBeGreaterThan(0);
  });
});
