import { silentLog } from '@cardseal/core/log';
import type { CrashCounts } from '@cardseal/core/queue';
import type { Job } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { DEAD_LETTER_AFTER, QUARANTINE_AFTER, quarantinePoisonJobs } from './poison-quarantine.ts';

const POISON = 'poison';
const HANDS = 3;

function memoryCrashCounts(): CrashCounts {
  const starts = new Map<string, number>();
  return {
    async begin(id) {
      starts.set(id, (starts.get(id) ?? 0) + 1);
      return starts.get(id)!;
    },
    end: async (id) => void starts.delete(id),
  };
}

type Fate = 'done' | 'convicted' | `failed: ${string}`;
type Processor = (job: Job<object>) => Promise<void>;

/**
 * Processes run one after the other, each with the same few active jobs until all have ended. The poison job ends the
 * process of every worker that runs it: each of that worker's jobs then counts one more start without an end.
 */
async function live(ids: string[], build: (work: Processor, fates: Map<string, Fate>) => Processor) {
  const fates = new Map<string, Fate>();
  const jobs = ids.map((id) => ({ id, stalledCounter: 0, data: {} }) as Job<object> & { id: string });
  let deaths = 0;
  while (jobs.some(({ id }) => !fates.has(id)) && deaths < 50) {
    const inHand = jobs.filter(({ id }) => !fates.has(id)).slice(0, HANDS);
    const died = Promise.withResolvers<'died'>();
    let dead = false;
    const work: Processor = async ({ id }) => {
      if (dead) return new Promise(() => {});
      if (id !== POISON) {
        await new Promise(setImmediate);
        if (dead) return new Promise(() => {});
        return void fates.set(id!, 'done');
      }
      dead = true;
      died.resolve('died');
      return new Promise(() => {});
    };
    const run = build(work, fates);
    const runs = inHand.map((job) =>
      run(job).catch((error: Error) => void fates.set(job.id, `failed: ${error.message}`)),
    );
    if ((await Promise.race([died.promise, Promise.all(runs)])) !== 'died') continue;
    deaths++;
    for (const job of inHand) if (!fates.has(job.id)) job.stalledCounter++;
  }
  return { fates: Object.fromEntries(fates), deaths };
}

describe('an image that ends the process', () => {
  const ids = ['a', POISON, 'b', 'c', 'd'];

  it('fails after its starts, and everyone else is done', async () => {
    const crashCounts = memoryCrashCounts();
    const { fates, deaths } = await live(ids, (process) =>
      quarantinePoisonJobs<object>({
        crashCounts,
        log: silentLog,
        process,
        deadLetter: async () => new Error('worker_crashed'),
      }),
    );
    expect(fates).toEqual({ a: 'done', b: 'done', c: 'done', d: 'done', [POISON]: 'failed: worker_crashed' });
    expect(deaths).toBe(QUARANTINE_AFTER + DEAD_LETTER_AFTER);
  });

  it('fails innocent jobs too when the worker only counts starts', async () => {
    const { fates } = await live(ids, (process, fates) => async (job) => {
      if (job.stalledCounter <= DEAD_LETTER_AFTER) return process(job);
      fates.set(job.id!, 'convicted');
    });
    expect(fates).toMatchObject({ a: 'convicted', b: 'convicted', [POISON]: 'convicted' });
  });
});
