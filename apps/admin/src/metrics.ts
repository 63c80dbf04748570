/**
 * What is true of the whole, for Prometheus: queues, ages, gates, endpoints. Told by the admin process alone, which
 * looks anyway; what could not be seen is not told, so that an old number is never taken for a new one.
 */

import type { Metrics } from '@cardseal/core/metrics';
import { redisResponds } from '@cardseal/core/queue';
import type { CredentialSnapshot } from '@cardseal/pacer';
import type { AdminContext } from './context.ts';
import type { OverviewReader } from './overview/read.ts';
import type { Overview } from './overview/view.ts';

const STATES = ['active', 'waiting', 'prioritized', 'delayed', 'failed'] as const;

export function tellTheWhole(context: AdminContext, metrics: Metrics, overview: OverviewReader): void {
  metrics.beforeScrape(async () => {
    metrics.set('cardseal_redis_up', {}, Number(await redisResponds(context.redis)));
    const { steps, workers, credentials, endpoints, failures } = await overview.read();
    metrics.clear('cardseal_workers');
    if (workers !== null) metrics.set('cardseal_workers', { work: 'recognize' }, workers);
    metrics.clear('cardseal_oldest_seconds');
    const ages = { cards: steps.queued.oldestMs, deliveries: steps.delivering.oldestMs };
    for (const [what, ms] of Object.entries(ages)) {
      if (ms !== null) metrics.set('cardseal_oldest_seconds', { what }, ms / 1000);
    }
    tellCredentials(metrics, credentials ?? []);
    tellEndpoints(metrics, endpoints);
    metrics.clear('cardseal_recent_failures');
    for (const { code, recent } of failures ?? []) metrics.set('cardseal_recent_failures', { code }, recent);
  });
  metrics.beforeScrape(async () => {
    metrics.clear('cardseal_queue_jobs');
    for (const queue of Object.values(context.jobQueue.queues())) {
      const counts = await queue.getJobCounts(...STATES);
      for (const state of STATES) metrics.set('cardseal_queue_jobs', { queue: queue.name, state }, counts[state] ?? 0);
    }
  });
}

/** Who switched an endpoint off wanted it so: only those that were given up are somebody's trouble. */
function tellEndpoints(metrics: Metrics, endpoints: Overview['endpoints']): void {
  metrics.clear('cardseal_endpoints');
  metrics.clear('cardseal_endpoints_unheard');
  if (endpoints === null) return;
  const { counts, off, unheard } = endpoints;
  for (const [health, count] of Object.entries(unheard)) metrics.set('cardseal_endpoints_unheard', { health }, count);
  const told = { ...counts, disabled: counts.disabled - off, off };
  for (const [health, count] of Object.entries(told)) metrics.set('cardseal_endpoints', { health }, count);
}

function tellCredentials(metrics: Metrics, credentials: readonly CredentialSnapshot[]): void {
  metrics.clear('cardseal_credential_rate');
  metrics.clear('cardseal_credential_margin_seconds');
  metrics.clear('cardseal_credential_gate_closed');
  for (const { id: credential, nominalQps, currentQps, marginMs, gate } of credentials) {
    metrics.set('cardseal_credential_rate', { credential, of: 'nominal' }, nominalQps);
    metrics.set('cardseal_credential_rate', { credential, of: 'learned' }, currentQps);
    metrics.set('cardseal_credential_margin_seconds', { credential }, marginMs / 1000);
    if (gate.state === 'closed') {
      const reason = gate.reason ?? 'unknown';
      metrics.set('cardseal_credential_gate_closed', { credential, reason }, 1);
    }
  }
}
