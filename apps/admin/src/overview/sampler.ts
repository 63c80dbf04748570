/**
 * Takes a sample of the pool every ten seconds, and reads the overview every 30 seconds. It runs without visitors too:
 * the plot shows the last hour, and the history lists past incidents.
 */
import type { AdminContext } from '../context.ts';
import { poolSnapshot } from '../pool/pool.ts';
import type { OverviewReader } from './read.ts';
import { SAMPLE_EVERY_MS, type Samples } from './samples.ts';

/** Each read of the overview sends requests to the object store, which cost money. */
const OVERVIEW_EVERY_SAMPLES = 3;

export interface Sampler {
  start(): void;
  /** Resolves when the loop has ended. `stopping` of the context ends it. */
  stop(): Promise<void>;
}

type SamplerContext = Pick<AdminContext, 'config' | 'clock' | 'redis' | 'workers' | 'stopping'>;

export function createSampler(context: SamplerContext, samples: Samples, overview: OverviewReader): Sampler {
  const { clock, redis, stopping } = context;
  let loop: Promise<void> | undefined;

  async function run(): Promise<void> {
    for (let sample = 0; !stopping.aborted; sample++) {
      if (sample % OVERVIEW_EVERY_SAMPLES === 0) await overview.read().catch(() => {});
      const snapshot = redis.status === 'ready' ? await poolSnapshot(context).catch(() => null) : null;
      if (snapshot) await samples.take(snapshot);
      await clock.sleep(SAMPLE_EVERY_MS, stopping).catch(() => {});
    }
  }

  return {
    start() {
      loop ??= run();
    },
    async stop() {
      await loop;
    },
  };
}
