/**
 * Exports metrics of the whole installation to Prometheus: queues, ages, gates, endpoints. Only the admin exports them,
 * because it reads the overview anyway. A value that could not be read is cleared, so that Prometheus never stores an
 * old value as a new one.
 */

import type { Metrics } from '@cardseal/core/metrics';
import { redisResponds } from '@cardseal/core/queue';
import type { CredentialSnapshot } from '@cardseal/pacer';
import type { AdminContext } from './context.ts';
import type { OverviewReader } from './overview/read.ts';
import type { Overview } from './overview/view.ts';

const STATES = ['active', 'waiting', 'prioritized', 'delayed', 'failed'] as const;

export function exportOverviewMetrics(context: AdminContext, metrics: Metrics, overview: OverviewReader): void {
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
    exportCredentials(metrics, credentials ?? []);
    exportEndpoints(metrics, endpoints);
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

/** `off` counts endpoints that their owners disabled. `disabled` counts endpoints that Cardseal disabled. */
function exportEndpoints(metrics: Metrics, endpoints: Overview['endpoints']): void {
  metrics.clear('cardseal_endpoints');
  metrics.clear('cardseal_endpoints_unheard');
  if (endpoints === null) return;
  const { counts, off, unheard } = endpoints;
  for (const [health, count] of Object.entries(unheard)) metrics.set('cardseal_endpoints_unheard', { health }, count);
  const byHealth = { ...counts, disabled: counts.disabled - off, off };
  for (const [health, count] of Object.entries(byHealth)) metrics.set('cardseal_endpoints', { health }, count);
}

function exportCredentials(metrics: Metrics, credentials: readonly CredentialSnapshot[]): void {
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
