import { expect, it } from 'vitest';
import { fuzzReply } from './fuzz-reply.ts';

it('a short run of the reply fuzzer finds nothing', async () => {
  const outcome = await fuzzReply({ seconds: 2, seed: 20_240_229 });
  expect(outcome.failure).toBeUndefined();
  expect(outcome.inputs).toBeGreaterThan(500);
  expect(outcome.slowestMs).toBeLessThan(5_000);
});
