/** What all deliveries of one worker share: the lanes, and the slots of late ones. */
import { describeError } from '@cardseal/core/log';
import {
  type EndpointLimitState,
  type EndpointLimits,
  LEASE_MS,
  type LimitedEndpoint,
  type Promotion,
  promoteDeliveries,
  type ReleaseInput,
} from '@cardseal/core/queue';
import type { WorkerContext } from '../../context.ts';

/** Between looks whether Redis is back: a place that is not given back holds up everyone behind it. */
const AGAIN_MS = 500;

export interface DeliveryRuntime {
  endpointLimits: EndpointLimits;
  /** Half of the slots: the rest is for first tries. */
  lateRoom(): boolean;
  lateAttemptStarted(): void;
  lateAttemptEnded(): void;
  wake(wake: Promotion | null): Promise<void>;
  /** Gives the place back and wakes who is next; null while Redis is away, then that is done when it is back. */
  release(lane: LimitedEndpoint, input: ReleaseInput): Promise<EndpointLimitState | null>;
}

export function createDeliveryRuntime(context: WorkerContext): DeliveryRuntime {
  const { config, log, jobQueue, endpointLimits, clock } = context;
  const lateSlots = Math.max(1, Math.floor(config.DELIVER_CONCURRENCY / 2));
  let late = 0;

  async function wake(one: Promotion | null): Promise<void> {
    if (!one) return;
    await promoteDeliveries(jobQueue.queues(), one, clock.now());
    // A wake that went with its connection is not reported: who asks afterwards sees that Redis has left.
    jobQueue.queues();
  }

  async function release(lane: LimitedEndpoint, input: ReleaseInput): Promise<EndpointLimitState> {
    const { state, wake: next } = await endpointLimits.release(lane, input);
    await Promise.all(next.map((one) => whenBack(context, () => wake(one))));
    return state;
  }

  return {
    endpointLimits,
    lateRoom: () => late < lateSlots,
    lateAttemptStarted: () => void late++,
    lateAttemptEnded: () => void late--,
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
