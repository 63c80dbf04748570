import { ManualClock } from '@cardseal/base/clock';
import { type JobId, newJobId } from '@cardseal/core/job';
import { createLedger, SCOPES } from '@cardseal/core/ledger';
import { silentLog } from '@cardseal/core/log';
import { eraseJob, freezeOutcome, submitLine } from '@cardseal/core/use-cases';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { describe, expect, it } from 'vitest';
import type { ApiContext } from '../context.ts';
import { newJobOf, storeJob } from './store.ts';
import { jobTermsSchema } from './submit/request-schema.ts';

const jobQueue = {
  queues: () => {
    throw new Error('Redis is away');
  },
  addDeliveries: async () => {},
  announceFinished: async () => {},
};

/** Erases before the n-th operation of the submit; returns what is under the job afterwards, and how many there were. */
async function erasedBefore(step: number): Promise<{ names: string[]; erased: boolean; steps: number }> {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const store = memoryObjectStore();
  const master = localMasterKey(Buffer.alloc(32, 5));
  const ledger = createLedger({ store, master, clock });
  const job: JobId = newJobId(clock.now());
  // The tenant's key is made at its first use, which looks for sealed records of a lost key: once in its life.
  const earlier = await ledger.jobs.start('bank', newJobId(clock.now()));
  await earlier.putImage('front', Buffer.alloc(50, 2));
  let steps = 0;
  let erased = false;
  const counted = new Proxy(store, {
    get(target, name: keyof typeof store) {
      const operation = target[name];
      if (typeof operation !== 'function') return operation;
      return async (...args: unknown[]) => {
        if (++steps === step) erased = await erase();
        return (operation as (...all: unknown[]) => unknown)(...args);
      };
    },
  });
  const erase = () =>
    eraseJob({ ledger, jobQueue: jobQueue as never, clock }, 'bank', job, 'request').then(
      () => true,
      () => false,
    );
  const submitting = {
    clock,
    ledger: createLedger({ store: counted, master, clock }),
    log: silentLog,
  } as unknown as ApiContext;
  const picture = { pictures: { front: Buffer.alloc(50, 1) }, terms: jobTermsSchema.parse({}) };
  const caller = { tenant: 'bank', apiKeyId: 'k', scopes: SCOPES };
  await storeJob(submitting, caller, job, picture, { own: true });
  if (!erased) erased = await erase();
  return { names: [...store.objects.keys()].filter((name) => name.includes(`/${job}`)), erased, steps };
}

describe('a submit that looks for no erasure', () => {
  it('makes its own writes and reads only the key of its tenant', async () => {
    const { steps } = await erasedBefore(-1);
    // Reading the tenant's key, and the writes of docs/understand/ledger.md.
    expect(steps).toBeLessThanOrEqual(7);
  });

  it('leaves no image, whenever the erasure comes', async () => {
    const { steps } = await erasedBefore(-1);
    expect(steps).toBeGreaterThan(4);
    for (let step = 1; step <= steps; step++) {
      const { names, erased } = await erasedBefore(step);
      expect(erased).toBe(true);
      expect(names.filter((name) => /\.image$|\/request$|^keys\//.test(name))).toEqual([]);
    }
  });
});

describe('a submit that loses the race for its job', () => {
  it.each([
    ['a succeeded one whose images were deleted leaves none behind', 'succeeded', 0],
    ['a failed one keeps the images for a retry', 'failed', 1],
  ] as const)('%s', async (_, state, images) => {
    const clock = new ManualClock(Date.UTC(2026, 0, 1));
    const store = memoryObjectStore();
    const ledger = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 5)), clock });
    const context = { clock, ledger, log: silentLog } as unknown as ApiContext;
    const job: JobId = newJobId(clock.now());
    const picture = { pictures: { front: Buffer.alloc(50, 1) }, terms: jobTermsSchema.parse({}) };
    const newJob = newJobOf({ tenant: 'bank', apiKeyId: 'k' }, picture);
    const batch = { createdAtMs: clock.now(), sources: {}, fresh: true };
    const { request } = await submitLine(context, job, newJob, batch);
    const sealed = (await ledger.jobs.open('bank', job))!;
    const failure = { code: 'x', message: 'x', side: null, retryable: true };
    const ending = { request, generation: 1, state, atMs: clock.now(), attempts: [], recognized: [], publicUrl: '' };
    await sealed.decide(freezeOutcome(state === 'failed' ? { ...ending, failure } : ending));
    await ledger.jobs.deleteImages('bank', job, ['front']);

    expect(await submitLine(context, job, newJob, batch)).toMatchObject({ replayed: true });

    expect([...store.objects.keys()].filter((name) => name.endsWith('.image'))).toHaveLength(images);
  });
});
