import { ManualClock } from '@cardseal/base/clock';
import { type JobId, newJobId } from '@cardseal/core/job';
import { createLedger, type DeliveryRef, type EndpointRecord, paths } from '@cardseal/core/ledger';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { expect, it } from 'vitest';
import { type CachedOutcome, createOutcomeCache } from '../../caches/outcome-cache.ts';
import { openEvent } from './open.ts';

const TENANT = 'bank';
const endpoint = (payload: EndpointRecord['payload']) => ({ payload, publicKey: null }) as EndpointRecord;

async function decidedJob({ delivers = true } = {}) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const store = memoryObjectStore();
  const asked: string[] = [];
  const watched = {
    ...store,
    get: (key: string) => {
      asked.push(key);
      return store.get(key);
    },
  };
  const ledger = createLedger({ store: watched, master: localMasterKey(Buffer.alloc(32, 1)), clock });
  const job: JobId = newJobId(clock.now());
  const outcome = {
    generation: 1,
    eventId: 'evt_1',
    full: '{"a":1}',
    reference: '{"b":2}',
  } as unknown as CachedOutcome;
  const sealed = await ledger.jobs.start(TENANT, job);
  await sealed.putEvent(1, 'we_1', Buffer.from('sealed before'));
  await sealed.decide(outcome);
  const outcomeCache = createOutcomeCache(delivers);
  outcomeCache.keep({ tenant: TENANT, job, generation: 1 }, outcome);
  asked.length = 0;
  const ref: DeliveryRef = { tenant: TENANT, job, generation: 1, endpoint: 'we_1' };
  const erase = () =>
    ledger.jobs.erasures.declare(TENANT, job, {
      v: 1,
      reason: 'request',
      generation: 1,
      endpointIds: null,
      createdAtMs: clock.now(),
      erasedAtMs: clock.now(),
    });
  return { context: { ledger, outcomeCache }, ref, asked, erase, store };
}

it.each(['full', 'reference'] as const)('of what was just decided %s is not read back', async (payload) => {
  const { context, ref, asked } = await decidedJob();
  const event = await openEvent(context, ref, endpoint(payload));
  expect(event).toMatchObject({ id: 'evt_1', body: Buffer.from(payload === 'full' ? '{"a":1}' : '{"b":2}') });
  expect(asked.map((key) => key.split('/').at(-1))).toEqual(['tombstone']);
});

it('an outcome that was erased meanwhile is not sent, even from the cache', async () => {
  const { context, ref, erase } = await decidedJob();
  await erase();
  expect(await openEvent(context, ref, endpoint('full'))).toBeNull();
});

it('an encrypted body is read from the ledger', async () => {
  const { context, ref } = await decidedJob();
  expect((await openEvent(context, ref, endpoint('encrypted')))?.body.toString()).toBe('sealed before');
});

it('a lost outcome or notice is a fault while its delivery is pending, and none after that', async () => {
  const { context, ref, store } = await decidedJob({ delivers: false });
  const { markers } = context.ledger.jobs;
  const notice = { ...ref, job: 'evt_00000000000000000000000001' as const };
  await store.delete([paths.outcome(TENANT, ref.job as JobId, 1)]);
  await markers.owe(ref);
  await markers.owe(notice);
  await expect(openEvent(context, ref, endpoint('full'))).rejects.toMatchObject({ code: 'outcome_missing' });
  await expect(openEvent(context, notice, endpoint('full'))).rejects.toMatchObject({ code: 'notice_missing' });
  await markers.settle(ref);
  await markers.settle(notice);
  expect(await openEvent(context, ref, endpoint('full'))).toBeNull();
  expect(await openEvent(context, notice, endpoint('full'))).toBeNull();
});

it('a worker without deliveries stores nothing, and reads the outcome from the ledger', async () => {
  const { context, ref } = await decidedJob({ delivers: false });
  expect(context.outcomeCache.of(ref)).toBeUndefined();
  expect((await openEvent(context, ref, endpoint('full')))?.body.toString()).toBe('{"a":1}');
});
