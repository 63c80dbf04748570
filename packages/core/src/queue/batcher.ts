/**
 * Batches calls: calls that arrive while a request is in flight go together with the next request. A single call is
 * sent at once.
 */

/** @param ask returns the responses in the order of the items. When it throws, every waiting caller gets the error. */
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
        // Calls that arrived meanwhile have waited too, and a repetition would give them the same error after the same
        // time.
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
