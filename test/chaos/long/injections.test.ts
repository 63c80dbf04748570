/** Every strike that the short run leaves out, one after the other and under load: nothing accepted is lost. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Night, startNight } from '../harness/index.ts';
import { strike } from '../injections.ts';
import { seeded } from '../rng.ts';
import { OTHERS } from '../scenarios/sampled.ts';

const SEED = 602;
const CARDS = 16;
const RECOVERY_MS = 120_000;

describe('strikes that the short run leaves out', () => {
  let night: Night;
  beforeAll(async () => {
    night = await startNight({ seed: SEED, tenants: 2 });
  });
  afterAll(() => night?.stop());

  it.each(OTHERS)('%s', async (name) => {
    const load = night.submitMany(CARDS);
    await strike(night, name, seeded(SEED));
    await load;
    await night.quiet(RECOVERY_MS);
    expect(await night.check()).toEqual([]);
  });
});
