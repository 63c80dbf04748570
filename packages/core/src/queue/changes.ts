/**
 * Tells those who watch a job how it moves between submit and outcome: one subscription per process, whatever the
 * number of watchers. A message holds ids and words of closed sets only, and may be lost: the ledger has the truth.
 */
import type { Redis } from 'ioredis';
import type { JobId, WaitingFor } from '../job/index.ts';
import { changedChannel, finishedChannel } from './names.ts';

export interface JobChange {
  job: JobId;
  generation: number;
  /** `finished`: look into the ledger for how. */
  state: 'queued' | 'recognizing' | 'finished';
  waitingFor: WaitingFor | null;
}

export interface JobChanges {
  /** Returns what ends the watch. */
  watch(job: JobId, onChange: (change: JobChange) => void): () => void;
  start(): void;
  stop(): void;
}

export function encodeChange({ job, generation, state, waitingFor }: JobChange): string {
  return `${job} ${generation} ${state} ${waitingFor ?? '-'}`;
}

/** null for a message of another shape. */
export function decodeChange(message: string): JobChange | null {
  const match = /^(job_[0-9A-Z]{26}) (\d+) (queued|recognizing) (worker|quota|retry|provider|-)$/.exec(message);
  if (!match) return null;
  const [, job, generation, state, waiting] = match as unknown as [string, JobId, string, JobChange['state'], string];
  return { job, generation: Number(generation), state, waitingFor: waiting === '-' ? null : (waiting as WaitingFor) };
}

export function createJobChanges(subscriber: Redis, prefix: string): JobChanges {
  const watchers = new Map<string, Set<(change: JobChange) => void>>();
  const finished = finishedChannel(prefix);
  const changed = changedChannel(prefix);

  function onMessage(channel: string, message: string): void {
    const change =
      channel === finished
        ? ({ job: message as JobId, generation: 0, state: 'finished', waitingFor: null } as const)
        : channel === changed
          ? decodeChange(message)
          : null;
    if (change) for (const tell of watchers.get(change.job) ?? []) tell(change);
  }

  return {
    watch(job, onChange) {
      const those = watchers.get(job) ?? new Set();
      watchers.set(job, those.add(onChange));
      return () => {
        those.delete(onChange);
        if (those.size === 0 && watchers.get(job) === those) watchers.delete(job);
      };
    },
    start() {
      subscriber.on('message', onMessage);
      // As in finished.ts: ioredis subscribes on connecting, which may be long after the API has started.
      subscriber.subscribe(changed).catch(() => {});
    },
    stop() {
      subscriber.off('message', onMessage);
      watchers.clear();
    },
  };
}
