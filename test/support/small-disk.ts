/** A disk that can be full: a small file system in memory, mounted over a folder. Needs root on Linux. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface SmallDisk {
  /** From now on every write fails with ENOSPC. */
  fill(): void;
  /** There is room again. */
  free(): void;
  unmount(): void;
}

/** Mount it before the processes that write there start: open files stay on the disk that they were opened on. */
export function mountSmallDisk(folder: string, kib: number): SmallDisk {
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', folder]);
  const filler = path.join(folder, '.filler');
  return {
    fill() {
      for (const bytes of [64 * 1024, 4096]) {
        try {
          for (;;) writeFileSync(filler, Buffer.alloc(bytes), { flag: 'a' });
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        }
      }
    },
    free: () => rmSync(filler, { force: true }),
    // Lazily: processes may still have files open there.
    unmount: () => void execFileSync('umount', ['-l', folder]),
  };
}
