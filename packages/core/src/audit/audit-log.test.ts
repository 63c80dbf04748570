import { describe, expect, it } from 'vitest';
import { systemClock } from '../clock/index.ts';
import { createLedger, type MemoryObjectStore, memoryObjectStore } from '../ledger/index.ts';
import { localMasterKey } from '../seal/index.ts';

const input = (reason: string) =>
  ({ who: 'li', role: 'operator', action: 'gate.close', target: { credential: 'main' }, reason }) as const;

function open(store: MemoryObjectStore) {
  return createLedger({ store, master: localMasterKey(Buffer.alloc(32, 7)), clock: systemClock }).audit;
}

async function written(count: number) {
  const store = memoryObjectStore();
  const audit = open(store);
  for (let at = 1; at <= count; at++) await audit.append(input(`reason ${at}`));
  const names = [...store.objects.keys()].filter((key) => key.startsWith('audit/')).sort();
  return { store, audit, nameOf: (seq: number) => names[count - seq]! };
}

describe('the audit log', () => {
  it('reads newest first, a page at a time', async () => {
    const { audit } = await written(5);
    const first = await audit.page(null, 2);
    expect(first.entries.map(({ seq }) => seq)).toEqual([5, 4]);
    const second = await audit.page(first.next, 10);
    expect(second).toMatchObject({ next: null });
    expect(second.entries.map(({ seq, reason }) => [seq, reason])).toEqual([
      [3, 'reason 3'],
      [2, 'reason 2'],
      [1, 'reason 1'],
    ]);
  });

  it('gives every entry of many writers a number of its own, in one chain', async () => {
    const store = memoryObjectStore();
    const writers = [open(store), open(store), open(store)];
    await Promise.all(Array.from({ length: 30 }, (_, at) => writers[at % 3]!.append(input(`${at}`))));
    const check = await open(store).verify();
    expect(check).toMatchObject({ entries: 30, problems: [], head: { seq: 30 } });
    const reasons = (await Array.fromAsync(open(store).entries())).map(({ reason }) => Number(reason));
    expect(reasons.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, at) => at));
  });

  it('keeps no word of a reason in the clear', async () => {
    const store = memoryObjectStore();
    await open(store).append(input('asked for by Zhuge Kongming'));
    for (const body of store.objects.values()) expect(body.includes('Zhuge')).toBe(false);
  });

  it('an entry taken out, from the middle or the beginning, is told', async () => {
    const { store, audit, nameOf } = await written(6);
    await store.delete([nameOf(3), nameOf(1)]);
    expect((await audit.verify()).problems).toEqual([
      { seq: 3, code: 'missing' },
      { seq: 1, code: 'missing' },
    ]);
  });

  it('an entry that was changed, or swapped for another, is told', async () => {
    const { store, audit, nameOf } = await written(4);
    await store.put(nameOf(2), (await store.get(nameOf(3)))!);
    expect((await audit.verify()).problems).toEqual([{ seq: 2, code: 'changed' }]);
  });

  it('an entry rewritten by one who has the keys breaks the chain', async () => {
    const { store, audit, nameOf } = await written(4);
    await store.delete([nameOf(4), nameOf(3), nameOf(2)]);
    const forger = open(store);
    for (const reason of ['forged', 'reason 3', 'reason 4']) await forger.append(input(reason));
    const honest = await audit.verify();
    expect(honest.problems).toEqual([]);
    const { store: real } = await written(4);
    const noted = (await open(real).verify()).head!;
    expect((await audit.verify(noted)).problems).toEqual([{ seq: 4, code: 'head_missing' }]);
  });

  it('a cut at the newest end is told by an entry that was noted down', async () => {
    const { store, nameOf } = await written(3);
    const noted = (await open(store).verify()).head!;
    expect((await open(store).verify(noted)).problems).toEqual([]);
    await store.delete([nameOf(3)]);
    expect((await open(store).verify()).problems).toEqual([]);
    expect((await open(store).verify(noted)).problems).toEqual([{ seq: 3, code: 'head_missing' }]);
  });
});
