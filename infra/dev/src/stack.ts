/**
 * The whole stack on embedded defaults, as one thing that starts and stops: Redis, object store, emulator, a first
 * tenant, then API, workers and admin. `npm start`, the demo and the tests all use it; it reads no command line.
 */
import path from 'node:path';
import type { LaunchedChild } from './child.ts';
import { takeDataFolder } from './data-folder.ts';
import { type DevInfo, devInfoFile, removeDevInfo, writeDevInfo } from './dev-info.ts';
import { createOrphanReaper } from './orphan-reaper.ts';
import type { StackOptions } from './stack-options.ts';
import { pidsOf, startParts } from './stack-parts.ts';
import { createSupervisor } from './supervisor.ts';

export interface Stack {
  /** The content of `dev.json`; after a restart it names the new pid. */
  readonly info: DevInfo;
  /** What the apps were given, for programs that run beside them. */
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** `redis`, `s3`, `emulator`, `api`, `admin`, `worker-1` … as it runs now. */
  child(name: string): LaunchedChild;
  /** Resolves with the next child that answers again after a crash. */
  nextRestart(): Promise<LaunchedChild>;
  /** Stops all in reverse order and removes `dev.json`. Idempotent. */
  stop(): Promise<void>;
  /** Cuts the grace of a stop under way. */
  hasten(): void;
}

/**
 * Resolves when everything answers and `dev.json` is written. On failure, and when `options.signal` aborts, it rejects
 * and nothing is left running. Throws with the pid of the launcher that uses the folder already.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const settled = { ...options, dataDir: path.resolve(options.dataDir), log: options.log ?? (() => {}) };
  const { dataDir, log } = settled;
  const folder = await takeDataFolder(dataDir, log);
  const reaper = createOrphanReaper({ onStart: (reaper) => folder.note({ guard: reaper }) });
  reaper.trackFile(devInfoFile(dataDir));
  const restarts = createRestartNews();
  const supervisor = createSupervisor({
    ...options,
    logsDir: path.join(dataDir, 'logs'),
    reaper,
    log,
    onRestart: restarts.tell,
  });
  let stopped = false;
  const stop = once(async () => {
    stopped = true;
    removeDevInfo(dataDir);
    await supervisor.stop();
    await reaper.stop();
    folder.release();
  });
  try {
    options.signal?.addEventListener('abort', () => void supervisor.stop(), { once: true });
    const started = await orAborted(startParts(settled, supervisor), options.signal);
    const publish = () => {
      if (stopped) return;
      started.info.pids = pidsOf(supervisor, options);
      writeDevInfo(dataDir, started.info);
    };
    publish();
    restarts.onEach((child) => {
      // A full disk must not count as a failed restart.
      untilWritten(publish, log);
      log(`${child.name} answers again (pid ${child.pid})`);
    });
    return { ...started, child: supervisor.child, nextRestart: restarts.next, stop, hasten: supervisor.hasten };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What is under way when the signal comes may take as long as it likes: its parts are ended under it. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  const aborted = new Promise<never>((_, reject) => {
    const refuse = () => reject(new Error('the start was given up'));
    if (signal.aborted) refuse();
    else signal.addEventListener('abort', refuse, { once: true });
  });
  return Promise.race([work, aborted]);
}

const WRITE_AGAIN_MS = 1_000;

function untilWritten(write: () => void, log: (line: string) => void): void {
  try {
    write();
  } catch (error) {
    log(`dev.json cannot be written (${(error as NodeJS.ErrnoException).code}): trying again`);
    setTimeout(() => untilWritten(write, log), WRITE_AGAIN_MS).unref();
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}

/** One listener that sees every restart first, and any number that wait for the next one. */
function createRestartNews() {
  let first = (_child: LaunchedChild) => {};
  const waiting: Array<(child: LaunchedChild) => void> = [];
  return {
    tell(child: LaunchedChild) {
      first(child);
      for (const resolve of waiting.splice(0)) resolve(child);
    },
    onEach(listener: (child: LaunchedChild) => void) {
      first = listener;
    },
    next: () => new Promise<LaunchedChild>((resolve) => waiting.push(resolve)),
  };
}
