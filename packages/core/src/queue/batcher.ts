/**
 * One round trip for many: what is asked while an answer is on its way goes together with the next question. Whoever
 * asks alone does not wait for company.
 */

/** @param ask answers in the order of what is asked; when it throws, all who wait are told. */
export function batchCalls<Item, Answer>(
  ask: (items: readonly Item[]) => Promise<readonly Answer[]>,
  atMost: number,
): (items: readonly Item[]) => Promise<readonly Answer[]> {
  interface Question {
    items: readonly Item[];
    resolve(answers: readonly Answer[]): void;
    reject(error: unknown): void;
  }
  const waiting: Question[] = [];
  let asking = false;

  function takeSome(): Question[] {
    let count = 0;
    const end = waiting.findIndex(({ items }, at) => {
      count += items.length;
      return at > 0 && count > atMost;
    });
    return waiting.splice(0, end < 0 ? waiting.length : end);
  }

  async function askAll(): Promise<void> {
    asking = true;
    while (waiting.length > 0) {
      const some = takeSome();
      try {
        const answers = await ask(some.flatMap(({ items }) => items));
        let from = 0;
        for (const { items, resolve } of some) {
          resolve(answers.slice(from, from + items.length));
          from += items.length;
        }
      } catch (error) {
        // Whoever came meanwhile has waited as well, and would be told the same after as long again.
        for (const { reject } of [...some, ...waiting.splice(0)]) reject(error);
      }
    }
    asking = false;
  }

  return (items) => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Answer[]>();
    waiting.push({ items, resolve, reject });
    if (!asking) void askAll();
    return promise;
  };
}
