/** What ends a request that waits for a job before the job ends: this process stops, or the key is no longer valid. */
import type { Caller } from '../auth/index.ts';
import { Problem } from '../problems/index.ts';
import type { KeyWatch } from './key-watch.ts';

export interface Wait {
  signal: AbortSignal;
  /** null while the request may go on. */
  ended(): Problem | null;
  /** Must be called when the request has its response. */
  end(): void;
}

export function beginWait({ keyWatch, stopping }: { keyWatch: KeyWatch; stopping: AbortSignal }, caller: Caller): Wait {
  const key = keyWatch.watch(caller);
  return {
    signal: AbortSignal.any([key.signal, stopping]),
    ended() {
      if (key.signal.aborted) return key.signal.reason as Problem;
      return stopping.aborted ? new Problem('shutting_down') : null;
    },
    end: key.end,
  };
}
