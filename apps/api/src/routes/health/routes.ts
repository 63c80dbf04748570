/** `/healthz`: the process responds. `/readyz`: it can accept work, which needs the ledger and not Redis. */
import { SYSTEM_TENANT } from '@cardseal/core/ledger';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../../context.ts';
import { Problem } from '../../http/problems/index.ts';

export function healthRoutes(app: FastifyInstance, { ledger, redisResponds, stopping }: ApiContext): void {
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async () => {
    // A load balancer must send its requests elsewhere before this process closes its listener.
    if (stopping.aborted) throw new Problem('shutting_down');
    const redis = redisResponds();
    await ledger.tenants.records.get(SYSTEM_TENANT, 'readiness').catch(() => {
      throw new Problem('store_unavailable');
    });
    return { status: 'ok', redis: (await redis) ? 'ok' : 'away' };
  });
}
