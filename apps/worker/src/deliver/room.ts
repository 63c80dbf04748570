/** What all deliveries of one worker share: the lanes, the slots of late ones, and what is known of endpoints. */
import type { EndpointRecord, Versioned } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import {
  type Lane,
  type LaneState,
  type Lanes,
  LEASE_MS,
  type ReleaseInput,
  type Wake,
  wakeDeliveries,
} from '@cardseal/core/queue';
import { LRUCache } from 'lru-cache';
import type { WorkerContext } from '../context.ts';

/** A rotation or a stop by the owner takes hold within this time. */
const ENDPOINT_TTL_MS = 1000;
const KEPT_ENDPOINTS = 10_000;
/** Between looks whether Redis is back: a place that is not given back holds up everyone behind it. */
const AGAIN_MS = 500;

export interface DeliverRoom {
  lanes: Lanes;
  /** At most a second behind the ledger. */
  endpoint(tenant: string, id: string): Promise<Versioned<EndpointRecord> | null>;
  /** What was known last, however old; undefined for nothing. */
  recallEndpoint(tenant: string, id: string): EndpointRecord | undefined;
  forgetEndpoint(tenant: string, id: string): void;
  /** Half of the slots: the rest is for first tries. */
  lateRoom(): boolean;
  lateStarted(): void;
  lateEnded(): void;
  wake(wake: Wake | null): Promise<void>;
  /** Gives the place back and wakes who is next; null while Redis is away, then that is done when it is back. */
  release(lane: Lane, input: ReleaseInput): Promise<LaneState | null>;
}

export function createDeliverRoom(context: WorkerContext): DeliverRoom {
  const { config, log, ledger, conveyor, lanes, clock } = context;
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

  async function wake(one: Wake | null): Promise<void> {
    if (!one) return;
    await wakeDeliveries(conveyor.queues(), one, clock.now());
    // A wake that went with its connection is not reported: who asks afterwards sees that Redis has left.
    conveyor.queues();
  }

  async function release(lane: Lane, input: ReleaseInput): Promise<LaneState> {
    const { state, wake: next } = await lanes.release(lane, input);
    await Promise.all(next.map((one) => whenBack(context, () => wake(one))));
    return state;
  }

  return {
    lanes,
    endpoint: async (tenant, id) => (await endpoints.forceFetch(`${tenant}/${id}`)).record,
    recallEndpoint: (tenant, id) => endpoints.peek(`${tenant}/${id}`, { allowStale: true })?.record?.value,
    forgetEndpoint: (tenant, id) => void endpoints.delete(`${tenant}/${id}`),
    lateRoom: () => late < lateSlots,
    lateStarted: () => void late++,
    lateEnded: () => void late--,
    wake: (one) => whenBack(context, () => wake(one)),
    async release(lane, input) {
      try {
        return await release(lane, input);
      } catch (error) {
        log.debug('delivery.release_postponed', describeError(error));
        // What was asked may have been done: counting the answer once more would be worse than not counting it.
        void whenBack(context, () => release(lane, { ...input, outcome: 'none' }));
        return null;
      }
    },
  };
}

/**
 * Does it now or, if Redis is away, in the background as soon as it is back. Beyond a lease everything has come right
 * by itself: places have run out, sleepers have woken.
 */
async function whenBack({ clock, stopping }: WorkerContext, work: () => Promise<unknown>): Promise<void> {
  const untilMs = clock.now() + LEASE_MS;
  const again = async (): Promise<void> => {
    while (!stopping.aborted && clock.now() < untilMs) {
      await clock.sleep(AGAIN_MS, stopping).catch(() => {});
      if (await succeeds(work)) return;
    }
  };
  if (!(await succeeds(work))) void again();
}

async function succeeds(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    return false;
  }
}
