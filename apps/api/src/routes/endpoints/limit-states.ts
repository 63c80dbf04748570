/** The state of an endpoint's concurrency limit in Redis; null when Redis does not respond at once. */
import { redisTarget } from '@cardseal/core/config';
import { connectRedis, createEndpointLimits, type EndpointLimitState } from '@cardseal/core/queue';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../../context.ts';

export type ReadLane = (tenant: string, endpoint: string) => Promise<EndpointLimitState | null>;

export function createLaneReader(app: FastifyInstance, { config }: ApiContext): ReadLane {
  const redis = connectRedis(redisTarget(config), 'producer');
  const lanes = createEndpointLimits(redis, config.QUEUE_PREFIX);
  app.addHook('onClose', async () => redis.disconnect());
  return async (tenant, endpoint) => {
    if (redis.status !== 'ready') return null;
    return lanes.read({ tenant, endpoint }).catch(() => null);
  };
}
