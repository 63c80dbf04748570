import { systemClock } from '@cardseal/base/clock';
import { type MemoryObjectStore, memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { describe, expect, it } from 'vitest';
import { createLedger } from '../index.ts';
import type { AuditPage } from './index.ts';

const input = (reason: string) =>
  ({ who: 'li', role: 'operator', action: 'gate.close', target: { credential: 'main' }, reason }) as const;

function open(store: MemoryObjectStore) {
  return createLedger({ store, master: localMasterKey(Buffer.alloc(32, 7)), clock: systemClock }).operators.audit;
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

  it('filters by job, operator and kind of action, a page at a time', async () => {
    const audit = open(memoryObjectStore());
    for (let at = 1; at <= 60; at++)
      await audit.append({
        ...input(`${at}`),
        who: at % 2 ? 'li' : 'wang',
        action: at % 5 ? 'job.retry' : 'job.reveal',
        target: { job: `job_${at % 3}` },
      });
    const all = await Array.fromAsync(audit.entries());
    for (const [filter, fits] of [
      [{ job: 'job_0' }, (at: number) => at % 3 === 0],
      [{ who: 'wang' }, (at: number) => at % 2 === 0],
      [{ who: 'li', action: 'job.reveal', job: 'job_1' }, (at: number) => at % 2 === 1 && at % 5 === 0 && at % 3 === 1],
      [{ job: 'job_9' }, () => false],
    ] as const) {
      const found: number[] = [];
      let before: number | null = null;
      do {
        const page: AuditPage = await audit.find(filter, before, 7);
        expect(page.entries.length).toBeLessThanOrEqual(7);
        found.push(...page.entries.map(({ seq }) => seq));
        before = page.next;
      } while (before !== null);
      expect(found).toEqual(all.map(({ seq }) => seq).filter(fits));
    }
  });

  it('ends a search for a rare entry, and returns how far it came', async () => {
    const audit = open(memoryObjectStore());
    await audit.append({ ...input('the rare one'), who: 'wang' });
    for (let at = 0; at < 1005; at++) await audit.append(input(`${at}`));
    const first = await audit.find({ who: 'wang' }, null, 5);
    expect(first).toEqual({ entries: [], next: 7 });
    expect((await audit.find({ who: 'wang' }, first.next, 5)).entries).toMatchObject([{ seq: 1 }]);
  });

  it('gives every entry of many writers a unique number, in one chain', async () => {
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

  it('reports an entry that is missing in the middle or at the beginning', async () => {
    const { store, audit, nameOf } = await written(6);
    await store.delete([nameOf(3), nameOf(1)]);
    expect((await audit.verify()).problems).toEqual([
      { seq: 3, code: 'missing' },
      { seq: 1, code: 'missing' },
    ]);
  });

  it('reports an entry that was changed, or replaced by another', async () => {
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

  it('reports missing newest entries, by a number that an operator noted', async () => {
    const { store, nameOf } = await written(3);
    const noted = (await open(store).verify()).head!;
    expect((await open(store).verify(noted)).problems).toEqual([]);
    await store.delete([nameOf(3)]);
    expect((await open(store).verify()).problems).toEqual([]);
    expect((await open(store).verify(noted)).problems).toEqual([{ seq: 3, code: 'head_missing' }]);
  });
});
