/**
 * A process of the model: the real code over the shared store and queue, whose every step (a store operation, a change
 * of the queue) is counted, so that it can be killed after any of them or stopped at any of them while another runs.
 */
import type { ObjectStore } from '@cardseal/object-store';

export type Step = 'read' | 'write';

export interface Fate {
  /** Dies when it has done this many writes: what it was about to do never happens, nor anything after. */
  dieAfterWrites?: number;
  /** Stops before this step, until {@link ModelProcess.go}. */
  pauseAtStep?: number;
}

export interface ModelProcess {
  store: ObjectStore;
  /** Wraps what is not the store; counts as a write. */
  step<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves with `done`, `dead` or `paused`, whichever comes first. Throws what the work threw. */
  run(work: () => Promise<unknown>): Promise<'done' | 'dead' | 'paused'>;
  /** Lets a paused process go on to its end. */
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
