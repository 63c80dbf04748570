/** Counts what a ledger asks of its store; fits its observer. */
import type { Metrics } from './metrics.ts';

export function countStoreRequests(metrics: Metrics) {
  return (operation: string, result: string, seconds: number): void => {
    metrics.count('cardseal_ledger_requests_total', { operation, result });
    metrics.observe('cardseal_ledger_request_seconds', { operation }, seconds);
  };
}
