import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchCalls } from './batcher.ts';

/** Resolves its calls one after the other, when the test decides. */
function slowAsk() {
  const asked: number[][] = [];
  const answers: PromiseWithResolvers<void>[] = [];
  const ask = async (items: readonly number[]) => {
    asked.push([...items]);
    const answer = Promise.withResolvers<void>();
    answers.push(answer);
    await answer.promise;
    return items.map((item) => item * 2);
  };
  return { ask, asked, answers };
}
const turn = () => new Promise(setImmediate);

describe('gathering', () => {
  it('asks at once for the first, and together for all who come meanwhile', async () => {
    const { ask, asked, answers } = slowAsk();
    const double = batchCalls(ask, 100);
    const all = [double([1]), double([2]), double([3, 4])];
    expect(asked).toEqual([[1]]);
    answers[0]!.resolve();
    expect(await all[0]).toEqual([2]);
    await turn();
    expect(asked).toEqual([[1], [2, 3, 4]]);
    answers[1]!.resolve();
    expect(await Promise.all(all)).toEqual([[2], [4], [6, 8]]);
  });

  it('rejects all waiting calls after a failure, and no later call', async () => {
    const { ask, answers } = slowAsk();
    const double = batchCalls(ask, 100);
    const all = Promise.allSettled([double([1]), double([2]), double([3])]);
    answers[0]!.reject(new Error('away'));
    expect((await all).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    const after = double([4]);
    answers[1]!.resolve();
    expect(await after).toEqual([8]);
  });

  it('gives everyone their own answers, and asks for no more than it may', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(fc.nat(), { maxLength: 5 }), { maxLength: 30 }), async (questions) => {
        const sizes: number[] = [];
        const double = batchCalls(async (items: readonly number[]) => {
          sizes.push(items.length);
          await turn();
          return items.map((item) => item * 2);
        }, 7);
        const answers = await Promise.all(questions.map((items) => double(items)));
        expect(answers).toEqual(questions.map((items) => items.map((item) => item * 2)));
        for (const size of sizes) expect(size).toBeLessThanOrEqual(7);
      }),
      { numRuns: 50 },
    );
  });
});
