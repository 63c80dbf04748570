/**
 * The memory that request bodies may take in this process, counted with every copy that is made of them. A request
 * that does not fit is refused, so that many large bodies at once cannot end the process.
 */

export interface MemoryBudget {
  readonly limitBytes: number;
  usedBytes(): number;
  /** A request starts with nothing. */
  open(): MemoryLease;
}

export interface MemoryLease {
  /** False, and nothing is taken, when the budget does not allow it. A request alone always fits. */
  take(bytes: number): boolean;
  /** Gives everything back. Idempotent; later takes are ignored and succeed. */
  release(): void;
}

export function createMemoryBudget(limitBytes: number): MemoryBudget {
  let used = 0;

  return {
    limitBytes,
    usedBytes: () => used,
    open() {
      let own = 0;
      let released = false;
      return {
        take(bytes) {
          if (released) return true;
          // Without this, a body whose copies exceed the whole budget would be refused on every attempt.
          const alone = used === own;
          if (used + bytes > limitBytes && !alone) return false;
          used += bytes;
          own += bytes;
          return true;
        },
        release() {
          if (released) return;
          released = true;
          used -= own;
        },
      };
    },
  };
}
