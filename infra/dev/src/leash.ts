/**
 * The launcher's end of the leash: a guard process that outlives the launcher just long enough to end its children,
 * even after SIGKILL. Every child is held before it does anything; ending the leash ends whatever is still held.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startMark } from './boot/process-identity.mjs';

const GUARD = fileURLToPath(new URL('./leash-guard.mjs', import.meta.url));
const MARK_VARIABLE = 'CARDSEAL_LEASH';

export interface Leash {
  /** Belongs into the environment of every child: by it the guard knows them and their descendants. */
  readonly env: Readonly<Record<string, string>>;
  hold(pid: number): void;
  release(pid: number): void;
  /** A file or folder to remove when the launcher is gone, unless `keep` is called before. */
  erase(path: string): void;
  keep(path: string): void;
  /** Ends what is still held, then the guard. Resolves when the guard is gone. */
  end(): Promise<void>;
}

export interface LeashOptions {
  /** How long children may take to end by themselves once the launcher is gone. */
  graceMs?: number;
  /** Told who guards, and who replaces a guard that was killed: the next launcher must wait for its work to end. */
  onGuard?: (guard: { pid: number; start: string | null }) => void;
}

export function createLeash({ graceMs = 5_000, onGuard }: LeashOptions = {}): Leash {
  const mark = randomUUID();
  const held = new Map<number, string | null>();
  const erasable = new Set<string>();
  let ended = false;
  let guard = startGuard();

  function startGuard(): ChildProcess {
    const child = spawn(process.execPath, [GUARD, `${MARK_VARIABLE}=${mark}`, String(graceMs)], {
      detached: true,
      cwd: '/',
      env: {},
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.unref();
    // A write to a guard that has just died says EPIPE; its exit handler below replaces it.
    child.stdin?.on('error', () => {});
    child.once('exit', () => {
      if (!ended) replaceGuard();
    });
    if (child.pid) onGuard?.({ pid: child.pid, start: startMark(child.pid) });
    return child;
  }

  function replaceGuard(): void {
    guard = startGuard();
    for (const [pid, start] of held) tell({ hold: { pid, start } });
    for (const path of erasable) tell({ erase: path });
  }

  function tell(line: object): void {
    guard.stdin?.write(`${JSON.stringify(line)}\n`);
  }

  return {
    env: { [MARK_VARIABLE]: mark },
    hold(pid) {
      held.set(pid, startMark(pid));
      tell({ hold: { pid, start: held.get(pid) } });
    },
    release(pid) {
      held.delete(pid);
      tell({ release: pid });
    },
    erase(path) {
      erasable.add(path);
      tell({ erase: path });
    },
    keep(path) {
      erasable.delete(path);
      tell({ keep: path });
    },
    async end() {
      if (ended) return;
      ended = true;
      const gone = guard.exitCode === null && guard.signalCode === null ? once(guard, 'exit') : undefined;
      guard.ref();
      guard.stdin?.end();
      await gone;
    },
  };
}
