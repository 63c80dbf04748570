/**
 * Fills the file system that a process logs to while the load continues. A full log disk must never end a process and
 * never block its work. It needs root, because it mounts a small file system.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Harness } from '../harness/index.ts';
import { drained } from './drain.ts';

const FULL_MS = 8000;
const SERVED_WITHIN_MS = 30_000;
const SIZE = '16k';

/** Returns what it found broken. @throws Error when no file system can be mounted. */
export async function fullLogDisk(harness: Harness, child: string): Promise<string[]> {
  const log = path.join(harness.app.dataDir, 'logs', `${child}.log`);
  const aside = path.join(harness.app.dataDir, `${child}.log.aside`);
  const disk = mountFull();
  const broken: string[] = [];
  try {
    renameSync(log, aside);
    symlinkSync(path.join(disk, 'log'), log);
    // The process opens its log only at start, so restart it.
    broken.push(...(await drained(harness, [child])));
    broken.push(...(await servesJobs(harness, child)));
  } finally {
    if (existsSync(aside)) {
      unlinkSync(log);
      renameSync(aside, log);
    }
    broken.push(...(await drained(harness, [child])));
    execFileSync('umount', ['--lazy', disk], { stdio: 'ignore' });
    rmSync(disk, { recursive: true });
  }
  return broken;
}

async function servesJobs(harness: Harness, child: string): Promise<string[]> {
  const { pid } = harness.app.stack.child(child);
  // A client repeats its request for ever when the API does not start, so the race below limits the wait.
  const served = harness.submit().then(async ({ id }) => {
    await harness.inbox.event(id);
    return true;
  });
  const isServed = await Promise.race([served, delay(SERVED_WITHIN_MS, false, { ref: false })]);
  await delay(FULL_MS);
  return [
    ...(isServed ? [] : [`I6: a job was not served while the log of ${child} was full`]),
    ...(harness.app.stack.child(child).pid === pid ? [] : [`I6: ${child} ended while its log was full`]),
  ];
}

function mountFull(): string {
  const disk = mkdtempSync(path.join(tmpdir(), 'cardseal-full-log-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', disk], { stdio: 'ignore' });
  writeFileSync(path.join(disk, 'log'), '', { mode: 0o600 });
  try {
    writeFileSync(path.join(disk, 'filler'), Buffer.alloc(1024 * 1024));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
  return disk;
}
