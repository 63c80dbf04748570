/** The BullMQ worker as a tap: how many cards it may hold, and whether it takes any. */
import type { Worker } from 'bullmq';
import type { Intake } from './gate-hold.ts';

export interface JobIntake extends Intake {
  /** Cards in hand at once; told only while the flow is free. */
  setConcurrency(cards: number): void;
}

export interface JobIntakeParts {
  worker: Pick<Worker, 'pause' | 'resume' | 'concurrency'>;
  cards: number;
  /** Wakes a worker that sleeps beside a queue into which cards were handed back in silence. */
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
      // Cards in hand are not waited for: each of them comes to the closed gate by itself.
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
