/**
 * A process of the model: the real code over a shared store and queue. It counts every step (a store operation or a
 * queue change), so that a test can kill the process after any step or pause it there while another process runs.
 */
import type { ObjectStore } from '@cardseal/object-store';

type Step = 'read' | 'write';

export interface Fate {
  /** Dies after this many writes: the next step and all later ones never happen. */
  dieAfterWrites?: number;
  /** Pauses before this step until {@link ModelProcess.go}. */
  pauseAtStep?: number;
}

export interface ModelProcess {
  store: ObjectStore;
  /** Counts work outside the store as a write. */
  step<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves with the first of `done`, `dead` or `paused`. Throws what the work throws. */
  run(work: () => Promise<unknown>): Promise<'done' | 'dead' | 'paused'>;
  /** Continues a paused process to its end. */
  go(): Promise<'done' | 'dead'>;
  writes(): number;
  steps(): number;
}

export function createProcess(shared: ObjectStore, fate: Fate = {}): ModelProcess {
  let writes = 0;
  let steps = 0;
  const dead = Promise.withResolvers<'dead'>();
  const paused = Promise.withResolvers<'paused'>();
  const released = Promise.withResolvers<void>();
  let ended: Promise<'done'> | undefined;

  async function guard<T>(kind: Step, work: () => Promise<T>): Promise<T> {
    if (steps >= (fate.pauseAtStep ?? Number.POSITIVE_INFINITY)) {
      paused.resolve('paused');
      await released.promise;
    }
    if (writes >= (fate.dieAfterWrites ?? Number.POSITIVE_INFINITY)) {
      dead.resolve('dead');
      return new Promise<never>(() => {});
    }
    steps++;
    if (kind === 'write') writes++;
    return work();
  }

  return {
    store: {
      get: (key) => guard('read', () => shared.get(key)),
      list: (prefix, options) => guard('read', () => shared.list(prefix, options)),
      put: (key, body) => guard('write', () => shared.put(key, body)),
      create: (key, body) => guard('write', () => shared.create(key, body)),
      delete: (keys) => guard('write', () => shared.delete(keys)),
    },
    step: (work) => guard('write', work),
    run(work) {
      ended = work().then(() => 'done' as const);
      return Promise.race([ended, dead.promise, paused.promise]);
    },
    go() {
      released.resolve();
      return Promise.race([ended!, dead.promise]);
    },
    writes: () => writes,
    steps: () => steps,
  };
}
