/** Runs work when a connection has no further use for a response, also when that happened before. */
import type { ServerResponse } from 'node:http';

/**
 * A client may disconnect while the request is checked, and `close` is emitted only once: a listener that is added later
 * would never run.
 */
export function whenClosed(response: ServerResponse, work: () => void): void {
  if (response.closed || response.destroyed) work();
  else response.once('close', work);
}
