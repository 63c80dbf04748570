import { ManualClock } from '@cardseal/base/clock';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { describe, expect, it } from 'vitest';
import { newId } from '../../job/index.ts';
import { createLedger } from '../ledger.ts';
import { type BatchId, batchNames } from './batch-names.ts';

const NEEDLE = 'a reference that nobody shall read';
const lines = [{ line: 1, request: { reference: NEEDLE } }];
const draft = { createdAtMs: 0, apiKeyId: 'k', lines: 1, blank: [], rejected: [] };

function world() {
  const [store, keyStore] = [memoryObjectStore(), memoryObjectStore()];
  const ledger = createLedger({
    store,
    keyStore,
    master: localMasterKey(Buffer.alloc(32, 1)),
    clock: new ManualClock(0),
  });
  return { store, keyStore, ledger, batches: ledger.intake.batches, id: newId('batch', 1) as BatchId };
}

describe('the lines of a batch', () => {
  it('are sealed, and open after the key of the tenant was rotated', async () => {
    const { store, ledger, batches, id } = world();
    const manifest = await batches.begin('bank', id);
    await manifest.put(lines);
    expect(await manifest.commit(draft)).toBe(true);
    await ledger.keys.addTenantKey('bank');
    await ledger.keys.rewrapJobKeys('bank');
    const head = (await batches.head('bank', id))!;
    expect(await batches.chunk('bank', id, head, 0)).toEqual(lines);
    for (const body of store.objects.values()) expect(body.includes(NEEDLE)).toBe(false);
  });

  it('open in no copy any more once they are dropped; the head does', async () => {
    const { store, keyStore, batches, id } = world();
    const manifest = await batches.begin('bank', id);
    await manifest.put(lines);
    await manifest.commit(draft);
    const copy = [...store.objects].map(([name, body]) => [name, Buffer.from(body)] as const);
    await batches.dropLines(manifest.opened);
    expect([...keyStore.objects.keys()].filter((name) => name.includes(id))).toEqual([]);
    expect((await batches.status('bank', id)).chunks).toBe(0);
    for (const [name, body] of copy) await store.put(name, body);
    const head = (await batches.head('bank', id))!;
    expect(head).toMatchObject({ lines: 1, chunks: 1 });
    expect(await batches.chunk('bank', id, head, 0)).toBe(null);
    expect(await batches.missingChunks('bank', id, head)).toBe(1);
  });
});

describe('a head that the store lost', () => {
  it.each(['expanded', 'cancel', 'end'] as const)(
    'beside %s is a fault: nothing is withdrawn or dropped',
    async (part) => {
      const { store, batches, id } = world();
      const manifest = await batches.begin('bank', id);
      await manifest.put(lines);
      await manifest.commit(draft);
      if (part === 'expanded') await batches.setExpanded('bank', id);
      if (part === 'cancel') await batches.askToCancel('bank', id);
      if (part === 'end') await batches.end('bank', id, { state: 'completed', atMs: 1, counts: {} });
      await store.delete([batchNames.head(manifest.opened)]);
      const before = [...store.objects.keys()];
      await expect(batches.withdraw(manifest.opened)).rejects.toMatchObject({ code: 'batch_head_missing' });
      await expect(batches.head('bank', id)).rejects.toMatchObject({ code: 'batch_head_missing' });
      expect([...store.objects.keys()]).toEqual(before);
    },
  );

  it('is withdrawn as before when nothing else proves a commit', async () => {
    const { batches, id } = world();
    const manifest = await batches.begin('bank', id);
    await manifest.put(lines);
    expect(await batches.head('bank', id)).toBeNull();
    expect(await batches.withdraw(manifest.opened)).toBe(1);
  });
});

describe('two that take in one batch', () => {
  it('one commits, and the other neither mixes its lines in nor takes any away', async () => {
    const { batches, id } = world();
    const [first, second] = [await batches.begin('bank', id), await batches.begin('bank', id)];
    await Promise.all([first.put(lines), second.put([{ line: 1, request: { reference: 'another' } }])]);
    expect(await first.commit(draft)).toBe(true);
    expect(await second.commit(draft)).toBe(false);
    await second.drop({ alone: false });
    const head = (await batches.head('bank', id))!;
    expect(await batches.chunk('bank', id, head, 0)).toEqual(lines);
  });

  it('one that is late for its round does no harm to the next', async () => {
    const { batches, id } = world();
    const late = await batches.begin('bank', id);
    await late.put(lines);
    await batches.withdraw(late.opened);
    const next = await batches.begin('bank', id);
    await next.put(lines);
    expect([late.round, next.round]).toEqual([0, 1]);
    await late.put(lines);
    expect(await next.commit(draft)).toBe(true);
    await expect(late.commit(draft)).rejects.toMatchObject({ code: 'store_batch_withdrawn' });
    await late.drop({ alone: false });
    await batches.withdraw(late.opened);
    await batches.close(late.opened);
    const head = (await batches.head('bank', id))!;
    expect(await batches.chunk('bank', id, head, 0)).toEqual(lines);
    expect(await Array.fromAsync(batches.open())).toEqual([next.opened]);
  });

  it('one that meets the other just as it drops its key comes again', async () => {
    const { store, id } = world();
    const create: typeof store.create = async (name, body) => !name.includes(`/${id}`) && store.create(name, body);
    const master = localMasterKey(Buffer.alloc(32, 1));
    const { batches } = createLedger({
      store,
      keyStore: { ...store, create },
      master,
      clock: new ManualClock(0),
    }).intake;
    const manifest = await batches.begin('bank', id);
    await expect(manifest.put(lines)).rejects.toMatchObject({ disposition: 'transient', code: 'store_key_vanished' });
  });

  it('a batch is not given up by one whose commit was not answered', async () => {
    const { store, keyStore, id } = world();
    const create: typeof store.create = async (name, body) => {
      await store.create(name, body);
      if (name.includes('/head.')) throw new Error('no answer');
      return true;
    };
    const master = localMasterKey(Buffer.alloc(32, 1));
    const { batches } = createLedger({
      store: { ...store, create },
      keyStore,
      master,
      clock: new ManualClock(0),
    }).intake;
    const manifest = await batches.begin('bank', id);
    await manifest.put(lines);
    await expect(manifest.commit(draft)).rejects.toThrow();
    await manifest.drop({ alone: true });
    const head = (await batches.head('bank', id))!;
    expect(await batches.chunk('bank', id, head, 0)).toEqual(lines);
  });
});
