import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from './memory-object-store.ts';

const names = fc.string({ unit: fc.constantFrom('a', 'b', '/', '~', 'é', '中', '', '💳'), maxLength: 5 });
const steps = fc.array(
  fc.oneof(
    fc.record({ put: fc.array(names, { maxLength: 50 }) }),
    fc.record({ remove: fc.array(names, { maxLength: 5 }) }),
    fc.record({ list: names, after: names, limit: fc.integer({ min: 1, max: 5 }) }),
  ),
  { maxLength: 20 },
);
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

describe('names of the store in memory', () => {
  it('are listed in the order of their bytes, page by page, whatever came and went before', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const store = memoryObjectStore();
        for (const step of all) {
          if ('put' in step) for (const name of step.put) await store.put(name, Buffer.alloc(0));
          else if ('remove' in step) await store.delete(step.remove);
          else {
            const expected = [...store.objects.keys()]
              .filter((name) => name.startsWith(step.list) && byBytes(name, step.after) > 0)
              .sort(byBytes);
            const page = await store.list(step.list, { startAfter: step.after, limit: step.limit });
            expect(page.keys).toEqual(expected.slice(0, step.limit));
            expect(page.next).toBe(expected.length > step.limit ? page.keys.at(-1) : null);
          }
        }
      }),
    );
  });
});
