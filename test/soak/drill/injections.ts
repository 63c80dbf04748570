/** Injects all faults of a drill within one moment. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cause } from './causes.ts';
import { PRIME, SPARE } from './credential-pool.ts';
import type { DrillEnvironment } from './environment.ts';
import type { Load } from './load.ts';

const POLL_MS = 50;
/** Permanent: the dead key never works again. */
const DEAD = { kind: 'error', code: 6, credential: SPARE };
const USED_UP = { kind: 'error', code: 17, credential: PRIME };

export interface Injected {
  atMs: Record<Cause, number>;
  /** The job whose image crashes workers, and the failpoint file that causes it. */
  poison: { job: string; file: string };
  /** Resolves with the time when Redis responds again. */
  redisBack: Promise<number>;
}

/**
 * Stops Redis right after the provider's first refusals, while the workers still process them. A later stop would be
 * easier.
 */
export async function injectAll(environment: DrillEnvironment, load: Load, redisAwayMs: number): Promise<Injected> {
  const { app, failing, failpointsDir } = environment;
  const image = load.nextImage();
  const file = path.join(failpointsDir, `picture.${image.sha256}`);
  await writeFile(file, 'kill');
  const atMs = Date.now();
  failing.away(true);
  const [job] = await Promise.all([image.submit(), app.control('PUT', { faults: [USED_UP, DEAD] })]);
  await untilRefused(environment);
  const redisMs = Date.now();
  const startAgain = await environment.stopRedis();
  const redisBack = delay(redisAwayMs)
    .then(startAgain)
    .then(() => Date.now());
  return {
    atMs: { quota: atMs, credential: atMs, endpoint: atMs, picture: atMs, redis: redisMs },
    poison: { job, file },
    redisBack,
  };
}

async function untilRefused({ app }: DrillEnvironment): Promise<void> {
  for (;;) {
    const { by_code: codes } = (await app.stats()) as unknown as { by_code: Record<string, number> };
    if (codes['17'] && codes['6']) return;
    await delay(POLL_MS);
  }
}

/** Simulates bought quota: the provider no longer refuses the credential. */
export async function sellQuota({ app }: DrillEnvironment): Promise<void> {
  await app.control('PUT', { faults: [DEAD] });
}
