/**
 * Keeps the launcher's children running: it starts them, restarts a crashed child on the same port, and stops all of them
 * in reverse order. It knows nothing about what the children do.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type ChildSpec, type LaunchedChild, launchChild } from './child.ts';
import type { OrphanReaper } from './orphan-reaper.ts';

const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 5_000;
/** After this run time the next crash starts with the first backoff again. */
const HEALTHY_AFTER_MS = 30_000;
const STOP_GRACE_MS = 15_000;

export interface SupervisorOptions {
  logsDir: string;
  reaper: OrphanReaper;
  log: (line: string) => void;
  /** Called after every restart, when the child responds again. */
  onRestart?: (child: LaunchedChild) => void;
  graceMs?: number | undefined;
  firstBackoffMs?: number;
}

export interface Supervisor {
  /** Children of one call stop together; later calls stop first. Resolves when all are ready. */
  start(specs: readonly ChildSpec[]): Promise<LaunchedChild[]>;
  /** The child as it runs now. Throws for a name that was never started. */
  child(name: string): LaunchedChild;
  /** Stops one child; it then starts again like a crashed one, with the first backoff. */
  restart(name: string): void;
  /** Idempotent: a second call waits for the first. */
  stop(): Promise<void>;
  /** Ends the grace period of a stop in progress: kills the children that are still running. */
  hasten(): void;
}

interface Entry {
  spec: ChildSpec;
  current: LaunchedChild | undefined;
  startedAtMs: number;
  failures: number;
}

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const stages: Entry[][] = [];
  const stopping = new AbortController();
  let stopped: Promise<void> | undefined;

  async function launch(entry: Entry): Promise<void> {
    const child = await launchChild(entry.spec, {
      ...options,
      onSpawn: (spawned) => {
        entry.current = spawned;
        entry.startedAtMs = Date.now();
      },
    });
    entry.current = child;
    if (entry.spec.port) entry.spec = { ...entry.spec, port: { ...entry.spec.port, wanted: child.port } };
    child.exited.then((how) => relaunch(entry, how));
  }

  async function relaunch(entry: Entry, how: string): Promise<void> {
    if (Date.now() - entry.startedAtMs > HEALTHY_AFTER_MS) entry.failures = 0;
    while (!stopping.signal.aborted) {
      const backoffMs = Math.min((options.firstBackoffMs ?? FIRST_BACKOFF_MS) * 2 ** entry.failures, LAST_BACKOFF_MS);
      entry.failures += 1;
      options.log(`${entry.spec.name} has exited (${how}): restarting it in ${backoffMs} ms`);
      await delay(backoffMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      try {
        await launch(entry);
        if (!stopping.signal.aborted && entry.current) options.onRestart?.(entry.current);
        return;
      } catch (error) {
        how = (error as Error).message;
      }
    }
  }

  async function stopAll(): Promise<void> {
    for (const stage of stages.toReversed()) {
      await Promise.all(stage.map((entry) => entry.current?.end(options.graceMs ?? STOP_GRACE_MS)));
    }
  }

  function entryOf(name: string): Entry {
    const entry = stages.flat().find(({ spec }) => spec.name === name);
    if (!entry?.current) throw new Error(`there is no child named ${name}`);
    return entry;
  }

  return {
    async start(specs) {
      if (stopping.signal.aborted) throw new Error('the launcher is stopping');
      const stage = specs.map((spec) => ({ spec, current: undefined, startedAtMs: Date.now(), failures: 0 }));
      stages.push(stage);
      await Promise.all(stage.map(launch));
      return stage.map((entry) => entry.current as unknown as LaunchedChild);
    },
    child: (name) => entryOf(name).current as LaunchedChild,
    restart(name) {
      const entry = entryOf(name);
      entry.failures = 0;
      void entry.current?.end(options.graceMs ?? STOP_GRACE_MS);
    },
    stop() {
      stopping.abort();
      stopped ??= stopAll();
      return stopped;
    },
    hasten() {
      for (const entry of stages.flat()) void entry.current?.end(0);
    },
  };
}
