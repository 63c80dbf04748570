import { ManualClock } from '@cardseal/base/clock';
import type { ApiKeyRecord, Scope } from '@cardseal/core/ledger';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Problem } from '../problems/index.ts';
import { createKeyWatch } from './key-watch.ts';

const SCOPES: Scope[] = ['jobs:read', 'results:read'];

describe('the keys of requests that wait', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function start() {
    const clock = new ManualClock(1_000_000);
    const record = { scopes: [...SCOPES], revokedAtMs: null, expiresAtMs: null } as unknown as ApiKeyRecord;
    let stored: { value: ApiKeyRecord } | null = { value: record };
    let away = false;
    let reads = 0;
    const keys = createKeyWatch({
      clock,
      read: async () => {
        reads++;
        if (away) throw new Error('the store is away');
        return stored;
      },
    });
    const watch = (scopes = SCOPES) => keys.watch({ tenant: 'bank', apiKeyId: 'k1', scopes });
    return {
      clock,
      watch,
      reads: () => reads,
      change(change: Partial<ApiKeyRecord>) {
        stored = { value: { ...record, ...change } };
      },
      remove() {
        stored = null;
      },
      leave() {
        away = true;
      },
    };
  }
  const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000);
  const codeOf = (signal: AbortSignal) => (signal.aborted ? (signal.reason as Problem).code : null);

  it('are read once a second, however many wait, and not at all when none does', async () => {
    const { watch, reads } = start();
    const waiting = Array.from({ length: 500 }, () => watch());
    await seconds(10);
    // One more soon after the first request began, because that may have begun on an older record.
    expect(reads()).toBe(11);
    for (const one of waiting) one.end();
    await seconds(10);
    expect(reads()).toBe(11);
  });

  it('that stay as they are end nothing', async () => {
    const { watch } = start();
    const { signal } = watch();
    await seconds(60);
    expect(signal.aborted).toBe(false);
  });

  it.each([
    ['revoked', { revokedAtMs: 1 }, 'unauthorized'],
    ['without a scope', { scopes: ['jobs:read'] as Scope[] }, 'forbidden'],
  ])('%s end every request within two seconds', async (_how, changed, code) => {
    const { watch, change } = start();
    const signals = [watch().signal, watch().signal];
    await seconds(5);
    change(changed);
    await seconds(1.9);
    expect(signals.map(codeOf)).toEqual([code, code]);
  });

  it('end a request that began on a record from before the change, which may be 1.5 s old', async () => {
    const { watch, change } = start();
    change({ revokedAtMs: 1 });
    const alone = watch().signal;
    await seconds(0.45);
    expect(codeOf(alone)).toBe('unauthorized');
    // A later request of the same key gets the verdict of the last read at once.
    expect(codeOf(watch().signal)).toBe('unauthorized');
  });

  it('that are gone end every request', async () => {
    const { watch, remove } = start();
    const { signal } = watch();
    remove();
    await seconds(1.9);
    expect(codeOf(signal)).toBe('unauthorized');
  });

  it('that lose a scope go on where it was never used', async () => {
    const { watch, change } = start();
    const { signal } = watch(['jobs:read']);
    change({ scopes: ['jobs:read'] });
    await seconds(5);
    expect(signal.aborted).toBe(false);
  });

  it('expire while the store is away, and nothing else is decided then', async () => {
    const { clock, watch, change, leave } = start();
    const { signal } = watch();
    change({ expiresAtMs: clock.now() + 30_000 });
    await seconds(2);
    leave();
    await seconds(20);
    expect(signal.aborted).toBe(false);
    clock.advance(30_000);
    await seconds(1);
    expect(codeOf(signal)).toBe('unauthorized');
  });
});
