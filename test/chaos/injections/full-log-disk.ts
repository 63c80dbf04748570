/**
 * The file system that a process logs to is full to the last byte while load goes on. A full log disk must never end a
 * process and never block its work. It needs root, because it mounts a small file system.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Night } from '../harness/index.ts';
import { stopped } from './drain.ts';

const FULL_MS = 8000;
const SERVED_WITHIN_MS = 30_000;
const SIZE = '16k';

/** Returns what it found broken. @throws Error where no file system can be mounted. */
export async function fullLogDisk(night: Night, child: string): Promise<string[]> {
  const log = path.join(night.app.dataDir, 'logs', `${child}.log`);
  const aside = path.join(night.app.dataDir, `${child}.log.aside`);
  const disk = mountFull();
  const broken: string[] = [];
  try {
    renameSync(log, aside);
    symlinkSync(path.join(disk, 'log'), log);
    // A process opens its log when it starts.
    broken.push(...(await stopped(night, [child])));
    broken.push(...(await worksOn(night, child)));
  } finally {
    if (existsSync(aside)) {
      unlinkSync(log);
      renameSync(aside, log);
    }
    broken.push(...(await stopped(night, [child])));
    execFileSync('umount', ['--lazy', disk], { stdio: 'ignore' });
    rmSync(disk, { recursive: true });
  }
  return broken;
}

async function worksOn(night: Night, child: string): Promise<string[]> {
  const { pid } = night.app.stack.child(child);
  // A process that does not come up accepts nothing, and the client would try for ever.
  const served = night.submit().then(async ({ id }) => {
    await night.inbox.event(id);
    return true;
  });
  const isServed = await Promise.race([served, delay(SERVED_WITHIN_MS, false, { ref: false })]);
  await delay(FULL_MS);
  return [
    ...(isServed ? [] : [`I6: a job was not served while the log of ${child} was full`]),
    ...(night.app.stack.child(child).pid === pid ? [] : [`I6: ${child} ended while its log was full`]),
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
