/** State that all deliveries of one worker share: the endpoint limits, and the slots for late deliveries. */
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

/** Between checks whether Redis is back: a slot that is not released delays every later delivery. */
const AGAIN_MS = 500;

export interface DeliveryRuntime {
  endpointLimits: EndpointLimits;
  /** Half of the slots; the rest is for first attempts. */
  lateRoom(): boolean;
  lateAttemptStarted(): void;
  lateAttemptEnded(): void;
  wake(wake: Promotion | null): Promise<void>;
  /**
   * Gives the slot back and promotes the next delivery. null while Redis is away; then this happens when it is back.
   */
  release(lane: LimitedEndpoint, input: ReleaseInput): Promise<EndpointLimitState | null>;
}

export function createDeliveryRuntime(context: WorkerContext): DeliveryRuntime {
  const { config, log, jobQueue, endpointLimits, clock } = context;
  const lateSlots = Math.max(1, Math.floor(config.DELIVER_CONCURRENCY / 2));
  let late = 0;

  async function wake(one: Promotion | null): Promise<void> {
    if (!one) return;
    await promoteDeliveries(jobQueue.queues(), one, clock.now());
    // A promotion that is lost with its connection is not reported. The check afterwards shows that Redis is away.
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
        // Redis may have executed the command: counting the response again would be worse than not counting it.
        void whenBack(context, () => release(lane, { ...input, outcome: 'none' }));
        return null;
      }
    },
  };
}

/**
 * Runs now or, if Redis is away, in the background when it is back. After the duration of a lease everything has
 * recovered by itself: slots have expired, sleeping deliveries have woken.
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
