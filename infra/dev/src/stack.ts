/**
 * Starts and stops the whole stack on embedded defaults: Redis, object store, emulator, a first tenant, then API, workers
 * and admin. `npm start`, `npm run dev`, the demo and the tests use it. It reads no command line.
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
  /** The content of `dev.json`. After a restart it contains the new pid. */
  readonly info: DevInfo;
  /** The environment of the apps, for programs that use the same services. */
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** `redis`, `s3`, `emulator`, `api`, `admin`, `worker-1` … as it runs now. */
  child(name: string): LaunchedChild;
  /** Stops one child and starts it again on the same port. */
  restart(name: string): void;
  /** Resolves with the next child that responds again after a crash or a restart. */
  nextRestart(): Promise<LaunchedChild>;
  /** Stops all in reverse order and removes `dev.json`. Idempotent. */
  stop(): Promise<void>;
  /** Ends the grace period of a stop in progress. */
  hasten(): void;
}

/**
 * Resolves when everything responds and `dev.json` is written. Rejects on a failure and when `options.signal` aborts;
 * then nothing keeps running. Throws with the pid of another launcher if that uses the folder.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const settled = { ...options, dataDir: path.resolve(options.dataDir), log: options.log ?? (() => {}) };
  const { dataDir, log } = settled;
  const folder = await takeDataFolder(dataDir, log);
  // The field is named `guard` in lock files that older launchers left behind.
  const reaper = createOrphanReaper({ onStart: (process) => folder.note({ guard: process }) });
  reaper.trackFile(devInfoFile(dataDir));
  const restarts = createRestartListeners();
  const supervisor = createSupervisor({
    ...options,
    logsDir: path.join(dataDir, 'logs'),
    reaper,
    log,
    onRestart: restarts.notify,
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
      log(`${child.name} responds again (pid ${child.pid})`);
    });
    const { child, restart, hasten } = supervisor;
    return { ...started, child, restart, nextRestart: restarts.next, stop, hasten };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Rejects as soon as the signal aborts, even if `work` continues. The supervisor stops the children meanwhile. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  const aborted = new Promise<never>((_, reject) => {
    const refuse = () => reject(new Error('the start was cancelled'));
    if (signal.aborted) refuse();
    else signal.addEventListener('abort', refuse, { once: true });
  });
  return Promise.race([work, aborted]);
}

const RETRY_WRITE_MS = 1_000;

function untilWritten(write: () => void, log: (line: string) => void): void {
  try {
    write();
  } catch (error) {
    log(`cannot write dev.json (${(error as NodeJS.ErrnoException).code}): retrying`);
    setTimeout(() => untilWritten(write, log), RETRY_WRITE_MS).unref();
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}

/** `onEach` sets one listener that runs first at every restart. `next` waits for one restart. */
function createRestartListeners() {
  let first = (_child: LaunchedChild) => {};
  const waiting: Array<(child: LaunchedChild) => void> = [];
  return {
    notify(child: LaunchedChild) {
      first(child);
      for (const resolve of waiting.splice(0)) resolve(child);
    },
    onEach(listener: (child: LaunchedChild) => void) {
      first = listener;
    },
    next: () => new Promise<LaunchedChild>((resolve) => waiting.push(resolve)),
  };
}
