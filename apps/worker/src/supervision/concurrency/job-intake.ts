/** Controls the BullMQ worker: how many jobs it may hold, and whether it takes any. */
import type { Worker } from 'bullmq';
import type { Intake } from './gate-hold.ts';

export interface JobIntake extends Intake {
  /** Jobs in flight at once; applied only while the intake is open. */
  setConcurrency(cards: number): void;
}

export interface JobIntakeParts {
  worker: Pick<Worker, 'pause' | 'resume' | 'concurrency'>;
  cards: number;
  /** Wakes an idle worker when jobs were returned to its queue without a notification. */
  wake: () => Promise<unknown>;
}

export function createJobIntake({ worker, cards, wake }: JobIntakeParts): JobIntake {
  let one = false;
  const apply = () => {
    worker.concurrency = one ? 1 : cards;
  };
  return {
    setConcurrency(wanted) {
      cards = wanted;
      one = false;
      apply();
    },
    close() {
      // Does not wait for jobs in flight: each of them finds the closed gate by itself.
      void worker.pause(true);
    },
    open(flow) {
      one = flow === 'one';
      apply();
      void worker.resume();
      void wake().catch(() => {});
    },
  };
}
