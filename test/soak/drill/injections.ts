/** What is done in a drill, all of it within one moment. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cause } from './causes.ts';
import { PRIME, SPARE } from './credential-pool.ts';
import type { Scene } from './environment.ts';
import type { Load } from './load.ts';

const ASK_EVERY_MS = 50;
/** For good: the key that is dead stays dead. */
const DEAD = { kind: 'error', code: 6, credential: SPARE };
const USED_UP = { kind: 'error', code: 17, credential: PRIME };

export interface Struck {
  atMs: Record<Cause, number>;
  /** The job whose picture ends workers, and the file that makes it do so. */
  poison: { job: string; file: string };
  /** Resolves when Redis answers again. */
  redisBack: Promise<number>;
}

/** Redis goes while the provider’s first refusals are on their way through the house: later would be too easy. */
export async function strike(scene: Scene, load: Load, redisAwayMs: number): Promise<Struck> {
  const { app, faltering, failpointsDir } = scene;
  const picture = load.further();
  const file = path.join(failpointsDir, `picture.${picture.sha256}`);
  await writeFile(file, 'kill');
  const atMs = Date.now();
  faltering.away(true);
  const [job] = await Promise.all([picture.submit(), app.control('PUT', { faults: [USED_UP, DEAD] })]);
  await untilRefused(scene);
  const redisMs = Date.now();
  const startAgain = await scene.stopRedis();
  const redisBack = delay(redisAwayMs)
    .then(startAgain)
    .then(() => Date.now());
  return {
    atMs: { quota: atMs, credential: atMs, endpoint: atMs, picture: atMs, redis: redisMs },
    poison: { job, file },
    redisBack,
  };
}

async function untilRefused({ app }: Scene): Promise<void> {
  for (;;) {
    const { by_code: codes } = (await app.stats()) as unknown as { by_code: Record<string, number> };
    if (codes['17'] && codes['6']) return;
    await delay(ASK_EVERY_MS);
  }
}

/** The provider has sold more calls. */
export async function sellQuota({ app }: Scene): Promise<void> {
  await app.control('PUT', { faults: [DEAD] });
}
