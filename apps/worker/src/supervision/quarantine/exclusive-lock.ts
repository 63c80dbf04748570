/** Lets cards at work run beside each other, or one alone with all others out of the process. First come, first served. */

export interface ExclusiveLock {
  /** Runs beside others; waits while one is alone or waits to be. */
  among<T>(work: () => Promise<T>): Promise<T>;
  /** Runs once all others have left, and keeps newcomers out meanwhile. */
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
