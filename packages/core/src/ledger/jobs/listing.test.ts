import { systemClock } from '@cardseal/base/clock';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createdAtMs, type JobId, newJobId } from '../../job/index.ts';
import { createLedger, type Ledger } from '../ledger.ts';
import type { ListingFilter } from './listing.ts';

const START_MS = Date.UTC(2026, 0, 1);

interface Made {
  job: JobId;
  reference: string | null;
  state: 'queued' | 'succeeded' | 'failed';
  reopened: boolean;
}

function ledgerWithoutDisk() {
  return createLedger({ store: memoryObjectStore(), master: localMasterKey(Buffer.alloc(32, 1)), clock: systemClock });
}

async function make(
  { jobs: { listing, markers } }: Ledger,
  plans: readonly {
    gapMs: number;
    reference: string | null;
    state: Made['state'];
    reopened: boolean;
    closed: boolean;
  }[],
): Promise<Made[]> {
  let atMs = START_MS;
  const made: Made[] = [];
  for (const { gapMs, ...plan } of plans) {
    atMs += gapMs;
    const job = newJobId(atMs);
    await markers.openGeneration('bank', job, 1, plan.reference);
    if (plan.state !== 'queued') {
      await listing.finished('bank', job, plan.reference, { generation: 1, state: plan.state, code: '-' });
      if (plan.closed) await markers.closeGeneration('bank', job, 1, plan.reference);
    }
    const reopened = plan.state === 'failed' && plan.reopened;
    if (reopened) await markers.openGeneration('bank', job, 2, plan.reference);
    made.push({ job, ...plan, reopened });
  }
  return made;
}

/** Every page until the end. */
async function all(
  listing: ReturnType<typeof ledgerWithoutDisk>['jobs']['listing'],
  filter: ListingFilter,
  limit: number,
) {
  const found: JobId[] = [];
  let after: JobId | undefined;
  do {
    const page = await listing.page('bank', filter, { after, limit });
    expect(page.jobs.length).toBeLessThanOrEqual(limit);
    found.push(...page.jobs);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return found;
}

describe('listing', () => {
  it('shows exactly the jobs that match, newest first, whatever the size of a page', async () => {
    const plan = fc.record({
      gapMs: fc.integer({ min: 0, max: 50 }),
      reference: fc.constantFrom(null, 'a', 'b'),
      state: fc.constantFrom('queued' as const, 'succeeded' as const, 'failed' as const),
      reopened: fc.boolean(),
      closed: fc.boolean(),
    });
    const wanted = fc.record(
      {
        state: fc.constantFrom('queued', 'succeeded', 'failed'),
        reference: fc.constantFrom('a', 'b', 'c'),
        createdAfterMs: fc.integer({ min: START_MS, max: START_MS + 300 }),
        createdBeforeMs: fc.integer({ min: START_MS, max: START_MS + 300 }),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(plan, { maxLength: 20 }),
        wanted,
        fc.integer({ min: 1, max: 7 }),
        async (plans, filter, limit) => {
          const ledger = ledgerWithoutDisk();
          const { listing, markers } = ledger.jobs;
          const made = await make(ledger, plans);
          await markers.openGeneration('other', newJobId(START_MS + 1), 1, 'a');
          const expected = made
            .filter(({ job, reference, state, reopened }) => {
              const now = reopened ? 'queued' : state;
              const atMs = createdAtMs(job);
              return (
                (filter.state === undefined || now === filter.state) &&
                (filter.reference === undefined || reference === filter.reference) &&
                (filter.createdAfterMs === undefined || atMs > filter.createdAfterMs) &&
                (filter.createdBeforeMs === undefined || atMs < filter.createdBeforeMs)
              );
            })
            .map(({ job }) => job)
            .sort()
            .reverse();
          expect(await all(listing, filter, limit)).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('distinguishes a second outcome from the first', async () => {
    const { listing, markers } = ledgerWithoutDisk().jobs;
    const job = newJobId(START_MS);
    await markers.openGeneration('bank', job, 1, null);
    await listing.finished('bank', job, null, { generation: 1, state: 'failed', code: 'image_unusable' });
    await markers.openGeneration('bank', job, 2, null);
    await listing.finished('bank', job, null, { generation: 2, state: 'succeeded', code: '-' });
    const [entry] = await Array.fromAsync(listing.entries('bank', ''));
    expect(entry).toMatchObject({ job, generation: 2, state: 'succeeded', names: 4 });
  });

  it('reads more markers than it can hold backwards, without a gap and without a double', async () => {
    const ledger = ledgerWithoutDisk();
    const gaps = [0, 1, 3, 40, 5000, 3_600_000];
    const plans = Array.from({ length: 5000 }, (_, at) => ({
      gapMs: at % 1500 < 1200 ? 0 : gaps[(at * 7) % gaps.length]!,
      reference: null,
      state: at % 3 === 0 ? ('succeeded' as const) : ('queued' as const),
      reopened: false,
      closed: at % 2 === 0,
    }));
    const made = await make(ledger, plans);
    const expected = made.map(({ job }) => job).toReversed();
    expect(await all(ledger.jobs.listing, {}, 1700)).toEqual(expected);
    const open = made.filter(({ state }) => state === 'queued').map(({ job }) => job);
    expect(await all(ledger.jobs.listing, { state: 'queued' }, 900)).toEqual(open.toReversed());
    const middleMs = createdAtMs(expected[2000]!);
    const older = expected.filter((job) => createdAtMs(job) < middleMs);
    expect(await all(ledger.jobs.listing, { createdBeforeMs: middleMs }, 5000)).toEqual(older);
  });

  it('sees a job that ends while it is read', async () => {
    const store = memoryObjectStore();
    const settings = { master: localMasterKey(Buffer.alloc(32, 1)), clock: systemClock };
    const { listing, markers } = createLedger({ store, ...settings }).jobs;
    const job = newJobId(START_MS);
    await markers.openGeneration('bank', job, 1, null);
    const ends = async (prefix: string) => {
      await listing.finished('bank', job, null, { generation: 1, state: 'succeeded', code: '-' });
      await markers.closeGeneration('bank', job, 1, null);
      return prefix;
    };
    for (const when of ['pending/', 'index/']) {
      const during = createLedger({
        store: {
          ...store,
          list: async (prefix, options) => store.list(prefix.startsWith(when) ? await ends(prefix) : prefix, options),
        },
        ...settings,
      });
      expect((await during.jobs.listing.page('bank', {}, { limit: 10 })).jobs).toEqual([job]);
    }
  });
});
