/** Samples memory, open files and queue lengths of a stack from /proc and Redis, without a request to the processes. */
import { readdir, readFile } from 'node:fs/promises';
import { QUEUES } from '@cardseal/core/queue';
import type { Stack } from '@cardseal/dev';
import type { Redis } from 'ioredis';
import type { QueueSample, Vitals } from '../checker/index.ts';

const EVERY_MS = 2000;
const PAGE_BYTES = 4096;
const PREFIX = '{cardseal}';

export interface VitalsWatch {
  vitals(): Vitals[];
  queueSamples: QueueSample[];
  /** Unfinished jobs in both queues. */
  queued(): Promise<number>;
  stop(): void;
}

/** @param open returns the number of accepted jobs without an event. */
export function watchVitals(stack: Stack, redis: Redis, open: () => number): VitalsWatch {
  const byProcess = new Map<string, Vitals>();
  const queueSamples: QueueSample[] = [];
  let sampling = false;

  async function sample(): Promise<void> {
    const { workers, ...single } = stack.info.pids;
    const pids = { ...single, ...Object.fromEntries(workers.map((pid, at) => [`worker-${at + 1}`, pid])) };
    for (const [name, pid] of Object.entries(pids)) if (pid !== null) await look(name, pid);
    const openBefore = open();
    const queued = await lengths(redis);
    if (queued !== null) queueSamples.push({ atMs: Date.now(), queued, open: Math.max(openBefore, open()) });
  }

  async function look(process: string, pid: number): Promise<void> {
    try {
      const [statm, files] = await Promise.all([readFile(`/proc/${pid}/statm`, 'utf8'), readdir(`/proc/${pid}/fd`)]);
      const rssBytes = Number(statm.split(' ')[1]) * PAGE_BYTES;
      const seen = byProcess.get(process) ?? { process, maxRssBytes: 0, maxOpenFiles: 0, samples: 0 };
      seen.maxRssBytes = Math.max(seen.maxRssBytes, rssBytes);
      seen.maxOpenFiles = Math.max(seen.maxOpenFiles, files.length);
      seen.samples++;
      byProcess.set(process, seen);
    } catch {
      // The process has just ended.
    }
  }

  const timer = setInterval(() => {
    if (sampling) return;
    sampling = true;
    sample()
      .catch(() => {})
      .finally(() => {
        sampling = false;
      });
  }, EVERY_MS);
  timer.unref();
  return {
    vitals: () => [...byProcess.values()],
    queueSamples,
    queued: async () => (await lengths(redis)) ?? 0,
    stop: () => clearInterval(timer),
  };
}

/** null while Redis does not respond. */
async function lengths(redis: Redis): Promise<number | null> {
  if (redis.status !== 'ready') return null;
  const asked = redis.multi();
  for (const queue of Object.values(QUEUES)) {
    const key = `${PREFIX}:${queue}`;
    asked.llen(`${key}:wait`).llen(`${key}:active`).zcard(`${key}:delayed`).zcard(`${key}:prioritized`);
  }
  const answers = await asked.exec();
  return (answers ?? []).reduce((sum, [, value]) => sum + Number(value ?? 0), 0);
}
