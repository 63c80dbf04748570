/**
 * Runs every fault injection that the short suite leaves out, one after the other under load. No accepted job is lost.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../harness/index.ts';
import { inject } from '../injections.ts';
import { seededRandom } from '../rng.ts';
import { OTHERS } from '../scenarios/sampled.ts';

const SEED = 602;
const CARDS = 16;
const RECOVERY_MS = 120_000;

describe('injections that the short suite leaves out', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ seed: SEED, tenants: 2 });
  });
  afterAll(() => harness?.stop());

  it.each(OTHERS)('%s', async (name) => {
    const load = harness.submitMany(CARDS);
    await inject(harness, name, seededRandom(SEED));
    await load;
    await harness.settle(RECOVERY_MS);
    expect(await harness.check()).toEqual([]);
  });
});
