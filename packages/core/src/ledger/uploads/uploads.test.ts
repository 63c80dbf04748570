import { ManualClock } from '@cardseal/base/clock';
import type { ObjectStore } from '@cardseal/object-store';
import { type MemoryObjectStore, memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../job/index.ts';
import { createLedger, type Ledger } from '../ledger.ts';
import type { UploadId } from './uploads.ts';

const HOUR_MS = 3_600_000;

describe('uploads', () => {
  let clock: ManualClock;
  let store: MemoryObjectStore;
  let uploads: Ledger['intake']['uploads'];
  let id: UploadId;
  beforeEach(() => {
    clock = new ManualClock(Date.UTC(2026, 0, 1));
    store = memoryObjectStore();
    uploads = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 1)), clock }).intake.uploads;
    id = newId('upl', clock.now()) as UploadId;
  });

  const names = () => [...store.objects.keys()].filter((name) => name.includes(id));
  const writer = async () => (await uploads.writer('bank', id, clock.now()))!;

  it('keeps one of two parallel uploads, complete, and nothing of the other', async () => {
    const [one, other] = [await writer(), await writer()];
    for (let at = 0; at < 3; at++) {
      await one.write(Buffer.from(`one ${at};`));
      await other.write(Buffer.from(`other ${at};`));
    }
    await one.write(Buffer.from('one ends'));
    expect(await other.complete()).toBe(true);
    expect(await one.complete()).toBe(false);
    expect((await uploads.read('bank', id))!.toString()).toBe('other 0;other 1;other 2;');
    // Its three chunks, its beginning, its end and its key.
    expect(names()).toHaveLength(6);
  });

  it('keeps nothing of an abandoned upload, and accepts the image at the next attempt', async () => {
    const first = await writer();
    await first.write(Buffer.from('half'));
    await first.abandon();
    expect(await uploads.read('bank', id)).toBeNull();
    const second = await writer();
    await second.write(Buffer.from('whole'));
    await second.complete();
    expect((await uploads.read('bank', id))!.toString()).toBe('whole');
  });

  it('accepts no second image', async () => {
    await (await writer()).complete();
    expect(await uploads.writer('bank', id, clock.now())).toBeNull();
  });

  it('cannot be opened once dropped, even by a writer in progress, and accepts nothing more', async () => {
    const [first, late] = [await writer(), await writer()];
    await first.write(Buffer.from('first'));
    await late.write(Buffer.from('late'));
    await first.complete();
    await uploads.drop('bank', id);
    await late.write(Buffer.from(' picture'));
    await late.complete();
    expect(await uploads.read('bank', id)).toBeNull();
    expect(store.objects.has(`keys/bank/${id}`)).toBe(false);
    expect(await uploads.writer('bank', id, clock.now())).toBeNull();
    expect(store.objects.has(`keys/bank/${id}`)).toBe(false);
    await uploads.drop('bank', id);
    expect(names().sort()).toEqual(['begun', 'dropped'].map((name) => `uploads/bank/${id}/${name}`));
    expect(await uploads.sweep(clock.now() + HOUR_MS)).toBe(1);
    expect(names()).toEqual([]);
  });

  it('once dropped has no key, wherever another one was about to write', async () => {
    // Before the n-th operation of the one who begins to write comes the whole drop.
    for (let step = 1; step <= 8; step++) {
      const inner = memoryObjectStore();
      const ledgerOf = (over: ObjectStore) =>
        createLedger({ store: over, master: localMasterKey(Buffer.alloc(32, 1)), clock });
      await ledgerOf(inner).intake.uploads.sign('bank', 'the key of the tenant is there');
      let steps = 0;
      const counted = new Proxy(inner, {
        get: (target, name: keyof ObjectStore) =>
          typeof target[name] !== 'function'
            ? target[name]
            : async (...args: unknown[]) => {
                if (++steps === step) await ledgerOf(inner).intake.uploads.drop('bank', id);
                return (target[name] as (...all: unknown[]) => unknown)(...args);
              },
      });
      const late = await ledgerOf(counted).intake.uploads.writer('bank', id, clock.now());
      if (steps < step) await ledgerOf(inner).intake.uploads.drop('bank', id);
      await late?.write(Buffer.from('late'));
      await late?.complete();
      expect(inner.objects.has(`keys/bank/${id}`)).toBe(false);
      expect(await ledgerOf(inner).intake.uploads.read('bank', id)).toBeNull();
    }
  });

  it('is swept with all that was ever begun for it', async () => {
    await (await writer()).write(Buffer.from('died'));
    const second = await writer();
    await second.write(Buffer.from('whole'));
    await second.complete();
    expect(await uploads.sweep(clock.now())).toBe(0);
    expect(await uploads.sweep(clock.now() + HOUR_MS)).toBe(1);
    expect(names()).toEqual([]);
  });

  it('is not swept while it is sent, however old its id', async () => {
    clock.advance(40 * HOUR_MS);
    const late = await writer();
    expect(await uploads.sweep(clock.now() - 24 * HOUR_MS)).toBe(0);
    await late.write(Buffer.from('late'));
    await late.complete();
    expect(await uploads.sweep(clock.now())).toBe(0);
    expect((await uploads.read('bank', id))!.toString()).toBe('late');
  });

  it('leaves no key behind when nothing was sent after all', async () => {
    await writer();
    expect(names()).toContain(`keys/bank/${id}`);
    await uploads.sweep(clock.now() + HOUR_MS);
    expect(names()).toEqual([]);
  });
});
