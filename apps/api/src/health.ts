/** `/healthz`: the process answers. `/readyz`: it can accept work, which takes the ledger but not Redis. */
import { HOUSE } from '@cardseal/core/ledger';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from './context.ts';
import { Problem } from './problems/index.ts';

export function healthRoutes(app: FastifyInstance, { ledger, redisAnswers, stopping }: ApiContext): void {
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async () => {
    // A load balancer that asks must send its requests elsewhere before this process closes its listener.
    if (stopping.aborted) throw new Problem('shutting_down');
    const redis = redisAnswers();
    await ledger.tenants.get(HOUSE, 'readiness').catch(() => {
      throw new Problem('store_unavailable');
    });
    return { status: 'ok', redis: (await redis) ? 'ok' : 'away' };
  });
}
