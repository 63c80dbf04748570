/** Runs work when a connection closes, also when it closed before the call. */
import type { ServerResponse } from 'node:http';

/**
 * A client may disconnect while the request is checked, and `close` is emitted only once: a listener that is added later
 * would never run.
 */
export function whenClosed(response: ServerResponse, work: () => void): void {
  if (response.closed || response.destroyed) work();
  else response.once('close', work);
}
