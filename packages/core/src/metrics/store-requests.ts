/** Counts the ledger's requests to its object store. The returned function fits the store's observer. */
import type { Metrics } from './metrics.ts';

export function countStoreRequests(metrics: Metrics) {
  return (operation: string, result: string, seconds: number): void => {
    metrics.count('cardseal_ledger_requests_total', { operation, result });
    metrics.observe('cardseal_ledger_request_seconds', { operation }, seconds);
  };
}
