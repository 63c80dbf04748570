import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createExclusiveLock } from './exclusive-lock.ts';

it('no job runs together with an exclusive one, and every job runs', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ alone: fc.boolean(), ticks: fc.nat(4), fails: fc.boolean() })),
      async (plan) => {
        const lock = createExclusiveLock();
        let among = 0;
        let alone = 0;
        let most = 0;
        const runs = plan.map(({ alone: wants, ticks, fails }) =>
          (wants ? lock.alone : lock.among)(async () => {
            if (wants) alone++;
            else among++;
            expect(alone === 0 || (alone === 1 && among === 0)).toBe(true);
            most = Math.max(most, among);
            for (let n = 0; n < ticks; n++) await Promise.resolve();
            if (wants) alone--;
            else among--;
            if (fails) throw new Error('of its own');
          }),
        );
        const ended = await Promise.allSettled(runs);
        expect(ended.map(({ status }) => status)).toEqual(plan.map(({ fails }) => (fails ? 'rejected' : 'fulfilled')));
      },
    ),
  );
});

it('jobs run in parallel when none is exclusive', async () => {
  const lock = createExclusiveLock();
  const { promise, resolve } = Promise.withResolvers<void>();
  let inside = 0;
  const runs = [1, 2, 3].map(() =>
    lock.among(async () => {
      inside++;
      if (inside === 3) resolve();
      await promise;
    }),
  );
  await Promise.all(runs);
  expect(inside).toBe(3);
});
