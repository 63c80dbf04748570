import { ManualClock } from '@cardseal/base/clock';
import { createApiKey, createTenant, parseApiKey } from '@cardseal/core/access';
import { createLedger, type Ledger } from '@cardseal/core/ledger';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { beforeEach, describe, expect, it } from 'vitest';
import { createKeyRecords, type KeyRecords } from './key-records.ts';

const PROXY = '10.0.0.1';
const NOON = Date.UTC(2026, 0, 1, 12);

describe('API keys behind one address', () => {
  let clock: ManualClock;
  let ledger: Ledger;
  let records: KeyRecords;
  let requests: number;
  let warned: unknown[];

  beforeEach(async () => {
    clock = new ManualClock(NOON);
    const store = memoryObjectStore();
    const list = store.list.bind(store);
    store.list = (...asked) => {
      requests++;
      return list(...asked);
    };
    ledger = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 7)), clock });
    await createTenant(ledger, clock, 'bank', 'A bank');
    await createTenant(ledger, clock, 'other', 'Another');
    warned = [];
    records = createKeyRecords(ledger, clock, { warn: (name: string) => void warned.push(name) } as never);
    requests = 0;
  });

  const newKey = async (tenant = 'bank') => {
    const { key } = await createApiKey(ledger, clock, { tenant, env: 'test', scopes: ['jobs:read'] });
    return parseApiKey(key)!;
  };
  let guessed = 0;
  const guess = (tenant = 'bank', address = PROXY) =>
    records.get(tenant, (guessed++).toString(16).padStart(12, '0'), address);
  const guessAll = async (count: number, tenant?: (at: number) => string, address?: (at: number) => string) => {
    for (let at = 0; at < count; at++) expect(await guess(tenant?.(at), address?.(at))).toBeNull();
  };

  it('are looked up a few times when they are unknown, and no more however many are guessed', async () => {
    await guessAll(5000);
    // The burst, one list of the tenants and one of the keys.
    expect(requests).toBeLessThanOrEqual(22);
    expect(warned).toEqual(['auth.keys_guessed']);
  });

  it.each([
    ['tenants that do not exist', (at: number) => `guess-${at}`, undefined],
    ['many addresses', undefined, (at: number) => `10.1.${at >> 8}.${at & 255}`],
    ['one IPv6 network', undefined, (at: number) => `2001:db8::${(at + 1).toString(16)}`],
  ])('cost the store little when they are guessed for %s', async (_what, tenant, address) => {
    await guessAll(5000, tenant, address);
    expect(requests).toBeLessThanOrEqual(address && !address(0).includes(':') ? 202 : 22);
  });

  it('stay usable while others guess: known, never used before, and new', async () => {
    const used = await newKey();
    const unused = await newKey('other');
    expect(await records.get(used.tenant, used.id, PROXY)).not.toBeNull();
    await guessAll(2000);
    clock.advance(60_000);
    await guessAll(2000);
    for (const { tenant, id } of [used, unused]) expect(await records.get(tenant, id, PROXY)).not.toBeNull();
    const fresh = await newKey();
    await guessAll(10);
    clock.advance(2000);
    await guessAll(10);
    expect(await records.get(fresh.tenant, fresh.id, PROXY)).not.toBeNull();
  });

  it('that exist spend nothing of the budget', async () => {
    for (let at = 0; at < 300; at++) {
      const { tenant, id } = await newKey();
      expect(await records.get(tenant, id, PROXY)).not.toBeNull();
    }
    const before = requests;
    await guess();
    expect(requests - before).toBe(1);
  });

  it('get their budget back with time', async () => {
    await guessAll(100);
    clock.advance(5000);
    requests = 0;
    await guessAll(5);
    expect(requests).toBe(5);
  });

  it('are a fault of the store, and not unknown, when the store does not answer', async () => {
    await guessAll(100);
    clock.advance(1500);
    const failing = new Error('away');
    ledger.tenants.records.ids = () => Promise.reject(failing);
    await guess();
    clock.advance(1000);
    const outcomes = await Promise.allSettled(Array.from({ length: 30 }, () => guess()));
    expect(outcomes.at(-1)).toEqual({ status: 'rejected', reason: failing });
  });
});
