/** Waits through an API that is unavailable or overloaded for longer than the attempts of one request last. */
import { setTimeout as delay } from 'node:timers/promises';
import { ConnectionError, ProblemError } from './problem-error.ts';
import { isPassing } from './transport.ts';

export const RECONNECT_MS = 1000;

export async function persistently<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const passes = error instanceof ConnectionError || (error instanceof ProblemError && isPassing(error));
      if (!passes) throw error;
      const askedMs = error instanceof ProblemError ? error.retryAfterMs : null;
      await delay(askedMs ?? RECONNECT_MS, undefined, { signal });
    }
  }
}
