import { createStallDetector, ManualClock } from '@cardseal/base/clock';
import { newId } from '@cardseal/core/job';
import { type BatchId, createLedger } from '@cardseal/core/ledger';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { describe, expect, it } from 'vitest';
import { createUncommittedWatch } from './watch-uncommitted.ts';

const PATIENCE_MS = 1000;
const lines = [{ line: 1, request: {} }];
const draft = { createdAtMs: 0, apiKeyId: 'k', lines: 1, blank: [], rejected: [] };

async function begun() {
  const store = memoryObjectStore();
  const clock = new ManualClock(0);
  const { batches } = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 1)), clock }).intake;
  // An id as old as a claim may be: its age must count for nothing.
  const id = newId('batch', 1) as BatchId;
  const manifest = await batches.begin('bank', id);
  await manifest.put(lines);
  const time = { nowMs: 0 };
  const watch = createUncommittedWatch(batches, createStallDetector({ nowMs: () => time.nowMs, forMs: PATIENCE_MS }));
  const look = async (nowMs: number) => {
    time.nowMs = nowMs;
    const decided = await batches.decisionOf(manifest.opened);
    return watch.see(manifest.opened, decided === 'withdrawn');
  };
  const under = (prefix: string) => [...store.objects.keys()].filter((name) => name.startsWith(prefix));
  return { store, batches, id, manifest, watch, look, under };
}

describe('a round that is never committed', () => {
  it('is withdrawn when its marker did not change, and closed after the same time again', async () => {
    const { batches, manifest, look, under } = await begun();
    expect(await look(0)).toBe(true);
    expect(await look(PATIENCE_MS - 1)).toBe(true);
    expect(await batches.decisionOf(manifest.opened)).toBe(null);
    expect(await look(PATIENCE_MS)).toBe(true);
    expect(await batches.decisionOf(manifest.opened)).toBe('withdrawn');
    expect(under('batches/').map((name) => name.split('/')[3])).toEqual(['head.0']);
    expect(under('keys/bank/batch_')).toEqual([]);
    await expect(manifest.commit(draft)).rejects.toMatchObject({ code: 'store_batch_withdrawn' });
    await look(PATIENCE_MS + 1);
    expect(await look(2 * PATIENCE_MS)).toBe(true);
    expect(await look(2 * PATIENCE_MS + 1)).toBe(false);
    expect(under('open-batches/')).toEqual([]);
  });

  it('stays as long as a process renews its marker, however old its id is', async () => {
    const { batches, id, manifest, look } = await begun();
    for (let nowMs = 0; nowMs < 10 * PATIENCE_MS; nowMs += PATIENCE_MS - 1) {
      expect(await look(nowMs)).toBe(true);
      await batches.begin('bank', id);
    }
    expect(await manifest.commit(draft)).toBe(true);
  });

  it('is looked after once more when something of it came late', async () => {
    const { manifest, look, under } = await begun();
    await look(0);
    await look(PATIENCE_MS);
    await look(PATIENCE_MS + 1);
    await manifest.put(lines);
    expect(await look(2 * PATIENCE_MS + 1)).toBe(true);
    expect(under('batches/').map((name) => name.split('/')[3])).toEqual(['head.0']);
    await look(2 * PATIENCE_MS + 2);
    expect(await look(3 * PATIENCE_MS + 2)).toBe(false);
  });

  it('keeps its lines when it turns out to be committed in the last moment', async () => {
    const { batches, id, manifest, watch } = await begun();
    await watch.see(manifest.opened, false);
    await manifest.commit(draft);
    expect(await batches.withdraw(manifest.opened)).toBe(null);
    const head = (await batches.head('bank', id))!;
    expect(await batches.chunk('bank', id, head, 0)).toEqual(lines);
  });

  it('knows nothing more of a round that another process closed', async () => {
    const { batches, manifest, look } = await begun();
    await look(0);
    await batches.close(manifest.opened);
    expect(await look(1)).toBe(false);
  });
});
