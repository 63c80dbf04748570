import { ManualClock } from '@cardseal/base/clock';
import { type MemoryObjectStore, memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { beforeEach, describe, expect, it } from 'vitest';
import { newJobId } from '../../job/index.ts';
import { createLedger, type Ledger } from '../ledger.ts';
import { IDEMPOTENCY_LEASE_MS, IDEMPOTENCY_TTL_MS } from './idempotency-cache.ts';

const ANSWER = { status: 201, headers: {}, body: '{"id":"we_1"}', scopes: [] };

describe('replays', () => {
  let clock: ManualClock;
  let store: MemoryObjectStore;
  let ledger: Ledger;
  beforeEach(() => {
    clock = new ManualClock(Date.UTC(2026, 0, 1, 23, 59));
    store = memoryObjectStore();
    ledger = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 1)), clock });
  });

  const request = (fingerprint = 'a') => ({ tenant: 'bank', route: 'POST /x', key: 'k', fingerprint, job: null });
  const begin = async (fingerprint?: string) => ledger.intake.idempotencyCache.begin(request(fingerprint));
  const ours = async () => {
    const start = await begin();
    if (start.kind !== 'ours') throw new Error(start.kind);
    return start.ticket;
  };
  const names = () => [...store.objects.keys()].filter((name) => name.startsWith('replay'));

  it('answers what was answered, over midnight, for a day', async () => {
    await ledger.intake.idempotencyCache.keep(await ours(), ANSWER);
    clock.advance(2 * 60_000);
    expect(await begin()).toEqual({ kind: 'answered', answer: ANSWER });
    expect(await begin('b')).toEqual({ kind: 'mismatch' });
    clock.advance(IDEMPOTENCY_TTL_MS);
    expect(await begin('b')).toMatchObject({ kind: 'ours' });
  });

  it('is taken over, to make the same thing, when the first one died', async () => {
    const first = await ours();
    expect(await begin()).toEqual({ kind: 'in_progress' });
    clock.advance(IDEMPOTENCY_LEASE_MS);
    const second = await ours();
    expect(second).toMatchObject({ subject: first.subject, number: 2 });
    expect(await begin()).toEqual({ kind: 'in_progress' });
    await ledger.intake.idempotencyCache.keep(second, ANSWER);
    expect(await begin()).toMatchObject({ kind: 'answered' });
  });

  it('is taken over at once after a fault, and starts again after a refusal', async () => {
    const first = await ours();
    await ledger.intake.idempotencyCache.abandon(first);
    const second = await ours();
    expect(second.subject).toBe(first.subject);
    await ledger.intake.idempotencyCache.release(second);
    expect((await ours()).number).toBeGreaterThan(1);
  });

  it('gives the note of the first request to the request that takes over, however many crashed, and to no other', async () => {
    const first = await ours();
    expect(await ledger.intake.idempotencyCache.noted(first)).toBeNull();
    await ledger.intake.idempotencyCache.note(first, 'generation 2');
    for (let deaths = 0; deaths < 3; deaths++) {
      clock.advance(IDEMPOTENCY_LEASE_MS);
      const next = await ours();
      expect(await ledger.intake.idempotencyCache.noted(next)).toBe('generation 2');
      await ledger.intake.idempotencyCache.note(next, 'another');
    }
    clock.advance(IDEMPOTENCY_TTL_MS);
    expect(await ledger.intake.idempotencyCache.noted(await ours())).toBeNull();
    clock.advance(3 * IDEMPOTENCY_TTL_MS);
    await ledger.intake.idempotencyCache.sweep();
    expect(names()).toEqual([]);
  });

  it('is taken over by one of many', async () => {
    await ours();
    clock.advance(IDEMPOTENCY_LEASE_MS);
    const kinds = (await Promise.all(Array.from({ length: 20 }, () => begin()))).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'ours')).toHaveLength(1);
    expect(new Set(kinds)).toEqual(new Set(['ours', 'in_progress']));
  });

  it('cannot be opened any more when the job that it shows is erased', async () => {
    const job = newJobId(clock.now());
    await ledger.jobs.start('bank', job);
    const start = await ledger.intake.idempotencyCache.begin({ ...request(), job });
    if (start.kind !== 'ours') throw new Error(start.kind);
    await ledger.intake.idempotencyCache.keep(start.ticket, ANSWER);
    expect(await ledger.intake.idempotencyCache.begin({ ...request(), job })).toMatchObject({ kind: 'answered' });
    await store.delete([...store.objects.keys()].filter((name) => name.includes(`keys/bank/${job}`)));
    // A key that is absent without a tombstone is lost, and no erasure.
    await expect(ledger.intake.idempotencyCache.begin({ ...request(), job })).rejects.toMatchObject({
      code: 'job_key_missing',
    });
    await ledger.jobs.erasures.declare('bank', job, { v: 1, reason: 'request', generation: 1 } as never);
    expect(await ledger.intake.idempotencyCache.begin({ ...request(), job })).toEqual({ kind: 'erased' });
  });

  it('is swept when it is over, and not before', async () => {
    await ledger.intake.idempotencyCache.keep(await ours(), ANSWER);
    clock.advance(IDEMPOTENCY_TTL_MS);
    expect(await ledger.intake.idempotencyCache.sweep()).toBe(0);
    clock.advance(IDEMPOTENCY_TTL_MS);
    const again = await ours();
    expect(await ledger.intake.idempotencyCache.sweep()).toBe(0);
    await ledger.intake.idempotencyCache.keep(again, ANSWER);
    expect(await begin()).toMatchObject({ kind: 'answered' });
    clock.advance(2 * IDEMPOTENCY_TTL_MS);
    expect(await ledger.intake.idempotencyCache.sweep()).toBe(1);
    expect(names()).toEqual([]);
  });

  it('sweeps past a claim that does not open, and says so afterwards', async () => {
    await ours();
    const [claim] = names().filter((name) => name.startsWith('replays/'));
    await ledger.intake.idempotencyCache.begin({ ...request(), tenant: 'other' });
    await store.put(claim!, Buffer.from('garbage'));
    clock.advance(2 * IDEMPOTENCY_TTL_MS);
    await expect(ledger.intake.idempotencyCache.sweep()).rejects.toMatchObject({ disposition: 'defect' });
    expect(names().filter((name) => name.includes('/other'))).toEqual([]);
    expect(names()).toContain(claim);
  });
});
