/**
 * Notifies watchers of a job when its state changes between submit and outcome: one subscription per process, whatever
 * the number of watchers. A message contains ids and words of closed sets only, and may be lost: the ledger has the
 * truth.
 */
import type { Redis } from 'ioredis';
import type { JobId, WaitingFor } from '../job/index.ts';
import { whenListening } from './listening.ts';
import { changedChannel, finishedChannel } from './names.ts';

export interface JobChange {
  job: JobId;
  generation: number;
  /** `finished`: read the outcome from the ledger. Sent to every watcher after a gap in the subscription, too. */
  state: 'queued' | 'recognizing' | 'finished';
  waitingFor: WaitingFor | null;
}

export interface JobChanges {
  /** Returns a function that ends the watch. */
  watch(job: JobId, onChange: (change: JobChange) => void): () => void;
  /** The number of current watchers. */
  watching(): number;
  start(): void;
  stop(): void;
}

export function encodeChange({ job, generation, state, waitingFor }: JobChange): string {
  return `${job} ${generation} ${state} ${waitingFor ?? '-'}`;
}

/** null for other messages. */
function decodeChange(message: string): JobChange | null {
  const match = /^(job_[0-9A-Z]{26}) (\d+) (queued|recognizing) (worker|quota|retry|provider|-)$/.exec(message);
  if (!match) return null;
  const [, job, generation, state, waiting] = match as unknown as [string, JobId, string, JobChange['state'], string];
  return { job, generation: Number(generation), state, waitingFor: waiting === '-' ? null : (waiting as WaitingFor) };
}

const finishedChange = (job: JobId): JobChange => ({ job, generation: 0, state: 'finished', waitingFor: null });

export function createJobChanges(subscriber: Redis, prefix: string): JobChanges {
  const watchers = new Map<string, Set<(change: JobChange) => void>>();
  const finished = finishedChannel(prefix);
  const changed = changedChannel(prefix);
  let count = 0;
  let stopListening = () => {};

  function onMessage(channel: string, message: string): void {
    const change =
      channel === finished ? finishedChange(message as JobId) : channel === changed ? decodeChange(message) : null;
    if (change) for (const tell of watchers.get(change.job) ?? []) tell(change);
  }

  function tellAll(): void {
    for (const [job, those] of watchers) for (const tell of those) tell(finishedChange(job as JobId));
  }

  return {
    watch(job, onChange) {
      const those = watchers.get(job) ?? new Set();
      watchers.set(job, those.add(onChange));
      count++;
      return () => {
        if (those.delete(onChange)) count--;
        if (those.size === 0 && watchers.get(job) === those) watchers.delete(job);
      };
    },
    watching: () => count,
    start() {
      subscriber.on('message', onMessage);
      stopListening = whenListening(subscriber, changed, tellAll);
    },
    stop() {
      stopListening();
      subscriber.off('message', onMessage);
      watchers.clear();
    },
  };
}
