/** Runs jobs in parallel, or one job alone with all others out of the process. First come, first served. */

export interface ExclusiveLock {
  /** Runs in parallel; waits while a job runs alone or waits to. */
  among<T>(work: () => Promise<T>): Promise<T>;
  /** Runs once all others have left, and keeps new ones out meanwhile. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

export function createExclusiveLock(): ExclusiveLock {
  let inside = 0;
  let oneAlone = false;
  const line: { alone: boolean; enter: () => void }[] = [];

  function letIn(): void {
    for (let next = line[0]; next; next = line[0]) {
      if (oneAlone || (next.alone && inside > 0)) return;
      line.shift();
      inside++;
      oneAlone = next.alone;
      next.enter();
    }
  }

  async function enter<T>(alone: boolean, work: () => Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>();
    line.push({ alone, enter: resolve });
    letIn();
    await promise;
    try {
      return await work();
    } finally {
      inside--;
      if (alone) oneAlone = false;
      letIn();
    }
  }

  return { among: (work) => enter(false, work), alone: (work) => enter(true, work) };
}
