/**
 * The launcher's side of the orphan reaper: a separate process that stops the launcher's children when the launcher
 * dies, even by SIGKILL. The launcher reports each child to it right after the spawn. `stop` also stops children that
 * are still tracked.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startMark } from './boot/process-identity.mjs';

const PROGRAM = fileURLToPath(new URL('./orphan-reaper-process.mjs', import.meta.url));
const MARK_VARIABLE = 'CARDSEAL_LAUNCHER_MARK';

export interface OrphanReaper {
  /** Add this to the environment of every child. The reaper finds children and their descendants by it. */
  readonly env: Readonly<Record<string, string>>;
  track(pid: number): void;
  untrack(pid: number): void;
  /** The reaper removes this file or folder when the launcher is gone. */
  trackFile(path: string): void;
  /** Stops all tracked processes, then the reaper. Resolves when the reaper has exited. */
  stop(): Promise<void>;
}

export interface OrphanReaperOptions {
  /** How long the children have to exit after the launcher's death, before SIGKILL. */
  graceMs?: number;
  /**
   * Called with the identity of the reaper process, and again when a new process replaces a killed one. The next
   * launcher must wait until this process has exited.
   */
  onStart?: (reaper: { pid: number; start: string | null }) => void;
}

export function createOrphanReaper({ graceMs = 5_000, onStart }: OrphanReaperOptions = {}): OrphanReaper {
  const mark = randomUUID();
  const tracked = new Map<number, string | null>();
  const files = new Set<string>();
  let stopped = false;
  let reaper = startReaper();

  function startReaper(): ChildProcess {
    const child = spawn(process.execPath, [PROGRAM, `${MARK_VARIABLE}=${mark}`, String(graceMs)], {
      detached: true,
      cwd: '/',
      env: {},
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.unref();
    // A write to a reaper that has just died fails with EPIPE. The exit handler below replaces the process.
    child.stdin?.on('error', () => {});
    child.once('exit', () => {
      if (!stopped) replaceReaper();
    });
    if (child.pid) onStart?.({ pid: child.pid, start: startMark(child.pid) });
    return child;
  }

  function replaceReaper(): void {
    reaper = startReaper();
    for (const [pid, start] of tracked) send({ track: { pid, start } });
    for (const path of files) send({ trackFile: path });
  }

  function send(line: object): void {
    reaper.stdin?.write(`${JSON.stringify(line)}\n`);
  }

  return {
    env: { [MARK_VARIABLE]: mark },
    track(pid) {
      tracked.set(pid, startMark(pid));
      send({ track: { pid, start: tracked.get(pid) } });
    },
    untrack(pid) {
      tracked.delete(pid);
      send({ untrack: pid });
    },
    trackFile(path) {
      files.add(path);
      send({ trackFile: path });
    },
    async stop() {
      if (stopped) return;
      stopped = true;
      const exited = reaper.exitCode === null && reaper.signalCode === null ? once(reaper, 'exit') : undefined;
      reaper.ref();
      reaper.stdin?.end();
      await exited;
    },
  };
}
