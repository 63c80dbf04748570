/** What all deliveries of one worker share: the lanes, the slots of late ones, and what is known of endpoints. */
import type { EndpointRecord, Versioned } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import { type Lanes, type Wake, wakeDeliveries } from '@cardseal/core/queue';
import { LRUCache } from 'lru-cache';
import type { WorkerContext } from '../context.ts';

/** A rotation or a stop by the owner takes hold within this time. */
const ENDPOINT_TTL_MS = 1000;
const KEPT_ENDPOINTS = 10_000;

export interface DeliverRoom {
  lanes: Lanes;
  /** At most a second behind the ledger. */
  endpoint(tenant: string, id: string): Promise<Versioned<EndpointRecord> | null>;
  forgetEndpoint(tenant: string, id: string): void;
  /** Half of the slots: the rest is for first tries. */
  lateRoom(): boolean;
  lateStarted(): void;
  lateEnded(): void;
  wake(wake: Wake | null): Promise<void>;
}

export function createDeliverRoom({ config, log, ledger, conveyor, lanes, clock }: WorkerContext): DeliverRoom {
  const lateSlots = Math.max(1, Math.floor(config.DELIVER_CONCURRENCY / 2));
  let late = 0;
  const endpoints = new LRUCache<string, { record: Versioned<EndpointRecord> | null }>({
    max: KEPT_ENDPOINTS,
    ttl: ENDPOINT_TTL_MS,
    fetchMethod: async (name) => {
      const [tenant, id] = name.split('/') as [string, string];
      return { record: await ledger.endpoints.get(tenant, id) };
    },
  });
  return {
    lanes,
    endpoint: async (tenant, id) => (await endpoints.forceFetch(`${tenant}/${id}`)).record,
    forgetEndpoint: (tenant, id) => void endpoints.delete(`${tenant}/${id}`),
    lateRoom: () => late < lateSlots,
    lateStarted: () => void late++,
    lateEnded: () => void late--,
    async wake(wake) {
      if (!wake) return;
      try {
        await wakeDeliveries(conveyor.queues(), wake, clock.now());
      } catch (error) {
        // They wake by themselves, later.
        log.debug('delivery.wake_missed', describeError(error));
      }
    },
  };
}
